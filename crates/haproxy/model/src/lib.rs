//! Typed configuration of rhaproxy: sections, draft, resolved, runnable snapshot.
