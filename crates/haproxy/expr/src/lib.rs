//! Samples, fetches, converters, patterns, maps, ACLs, conditions, variables, log-format.
