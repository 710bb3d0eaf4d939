//! The program's parts that tests reach: arguments, start, version texts.
