//! Live server state, weights, slow start, algorithms, queues.
