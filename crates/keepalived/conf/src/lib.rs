//! Grammar and typed configuration of keepalived.conf: includes, conditions, definitions, sequences, blocks, keyword rows, diagnostics.
