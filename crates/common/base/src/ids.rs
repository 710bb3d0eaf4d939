//! Numbers that replace names once a configuration is loaded. Each is dense within its own table.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The number as an index.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A frontend, backend or listen section of one snapshot.
    ProxyId,
    /// A server of one snapshot, dense over all its backends.
    ServerId,
    /// A listening address of one snapshot, dense over all its frontends.
    ListenerId,
}
