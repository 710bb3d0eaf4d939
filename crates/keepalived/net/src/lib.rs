//! rtnetlink links, addresses, routes, rules, vmac; raw sockets; nftables.
