//! Actions and rule sets, redirects, replies, switching, persistence. They decide, they do no IO.
