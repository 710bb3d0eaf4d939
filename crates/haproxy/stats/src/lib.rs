//! One table of stat fields; counters; merge; CSV, JSON, typed and Prometheus forms.
