//! `static_ipaddress`, `static_routes`, `static_rules`: there while the daemon runs, restored when others remove them.

use std::collections::HashSet;

use keepalived_conf::model::{Config, IpAddress, IpRoute, IpRule};
use keepalived_net::mirror::Watch;
use keepalived_net::routes::RouteKey;
use keepalived_net::{addresses, routes, rules};

use super::kernel::Kernel;
use crate::dump::{address_text, route_text};

/// The static objects that are in the kernel because of us.
#[derive(Clone, Debug, Default)]
pub struct Statics {
    addresses: Vec<(String, IpAddress)>,
    routes: Vec<IpRoute>,
    rules: Vec<IpRule>,
}

impl Statics {
    /// What a configuration asks for.
    pub fn of(config: &Config) -> Self {
        let home = config.global.vrrp.default_interface.as_deref().unwrap_or("eth0");
        let place = |address: &IpAddress| address.dev.clone().unwrap_or_else(|| home.to_owned());
        Self {
            addresses: config.static_addresses.iter().map(|one| (place(one), one.clone())).collect(),
            routes: config.static_routes.clone(),
            rules: config.static_rules.clone(),
        }
    }

    /// Sets everything, addresses first: routes may need them.
    pub fn set(&self, kernel: &mut Kernel) {
        for (interface, address) in &self.addresses {
            let Some(index) = kernel.mirror.index_of(interface) else { continue };
            report("address", kernel.request(&addresses::add(index, address)));
        }
        for route in &self.routes {
            add_route(route, kernel);
        }
        for rule in &self.rules {
            report("rule", kernel.request(&rules::add(rule)));
        }
    }

    /// Sets again the addresses and routes that somebody removed.
    pub fn restore(&self, kernel: &mut Kernel) {
        for (home, address) in &self.addresses {
            let Some(index) = kernel.mirror.index_of(home) else { continue };
            if !kernel.mirror.has(index, address.address, address.prefix) {
                tracing::info!("Restoring deleted static address {}", address_text(address, home));
                report("address", kernel.request(&addresses::add(index, address)));
            }
        }
        let missing: HashSet<RouteKey> = kernel.mirror.missing_routes().cloned().collect();
        for route in self.routes.iter().filter(|route| missing.contains(&RouteKey::of(route))) {
            tracing::info!("Restoring deleted static route {}", route_text(route));
            add_route(route, kernel);
        }
    }

    /// Removes what is not in `next`.
    pub fn remove_except(&self, next: &Self, kernel: &mut Kernel) {
        for rule in self.rules.iter().rev().filter(|rule| !next.rules.contains(rule)) {
            let _ = kernel.request(&rules::delete(rule));
        }
        for route in self.routes.iter().rev().filter(|route| !next.routes.contains(route)) {
            kernel.mirror.watch_route(RouteKey::of(route), Watch::End);
            let message = routes::delete(route, &|name| kernel.mirror.index_of(name));
            if let Some(message) = message {
                let _ = kernel.request(&message);
            }
        }
        for (interface, address) in self.addresses.iter().rev().filter(|one| !next.addresses.contains(one)) {
            if let Some(index) = kernel.mirror.index_of(interface) {
                let _ = kernel.request(&addresses::delete(index, address));
            }
        }
    }

    /// Interfaces whose return means that things have to be set again.
    pub fn interfaces(&self) -> HashSet<&str> {
        let routes = self.routes.iter().filter_map(|route| route.dev.as_deref());
        self.addresses.iter().map(|(interface, _)| interface.as_str()).chain(routes).collect()
    }
}

fn add_route(route: &IpRoute, kernel: &mut Kernel) {
    let Some(message) = routes::add(route, &|name| kernel.mirror.index_of(name)) else { return };
    let result = kernel.request(&message);
    if result.is_ok() {
        kernel.mirror.watch_route(RouteKey::of(route), Watch::Begin);
    }
    report("route", result);
}

/// One that exists already is no mistake.
fn report(what: &str, result: std::io::Result<()>) {
    match result {
        Err(error) if error.raw_os_error() != Some(nix::libc::EEXIST) => {
            tracing::warn!("Unable to set a static {what}: {error}");
        }
        _ => {}
    }
}
