//! Interfaces in `keepalived.data`.

use std::fmt::Write;
use std::net::IpAddr;

use keepalived_net::links::Link;
use keepalived_net::sysctl::Setting;
use nix::libc;

use super::View;

/// The section.
pub fn text(view: &View<'_>) -> String {
    let mut text = String::from("------< Interfaces >------\n");
    for link in view.mirror.links() {
        interface(&mut text, view, link);
    }
    text
}

fn interface(text: &mut String, view: &View<'_>, link: &Link) {
    let loopback = link.has(libc::IFF_LOOPBACK);
    let _ = write!(text, " Name = {}\n   index = {}\n", link.name, link.index);
    for (word, v4) in [("IPv4", true), ("IPv6", false)] {
        let shown = own_address(view, link, v4).map_or_else(|| String::from("(none)"), |ip| ip.to_string());
        let _ = writeln!(text, "   {word} address = {shown}");
    }
    if let Some(mac) = link.mac.filter(|_| !loopback) {
        let _ = writeln!(text, "   MAC = {}", mac_text(mac));
        let _ = writeln!(text, "   MAC broadcast = ff:ff:ff:ff:ff:ff");
    }
    let _ = writeln!(text, "   State = {}", state(link));
    let _ = write!(
        text,
        "   Seen up = {}\n   Delayed state change running = false\n   Up debounce timer = {}us\n   \
         Down debounce timer = {}us\n",
        u8::from(link.is_running()),
        delay(view, link, |one| one.up_delay_us),
        delay(view, link, |one| one.down_delay_us),
    );
    if link.kind.as_deref() == Some("macvlan")
        && let Some(parent) = link.parent.and_then(|index| view.mirror.link(index))
    {
        let (name, state) = (&parent.name, state(parent));
        let _ = writeln!(text, "   VMAC type private, underlying interface = {name}, state = {state}");
    }
    let hardware = if loopback { "LOOPBACK" } else { "ETHERNET" };
    let _ = write!(
        text,
        "   MTU = {}\n   HW Type = {hardware}\n   NIC netlink status update\n   Reset ARP config counter 0\n   \
         Original arp_ignore {}\n   Original arp_filter {}\n   Original promote_secondaries {}\n   \
         Reset promote_secondaries counter 0\n",
        link.mtu,
        setting(link, "arp_ignore"),
        setting(link, "arp_filter"),
        setting(link, "promote_secondaries"),
    );
    tracking(text, view, link);
}

fn tracking(text: &mut String, view: &View<'_>, link: &Link) {
    let mut lines = Vec::new();
    for (instance, config) in view.router.instances().zip(&view.config.instances) {
        let machine = instance.config();
        let own = *machine.interface == *link.name || *machine.base_interface == *link.name;
        if own && !config.dont_track_primary {
            lines.push(format!("     {}, weight 0", config.name));
        }
        let tracks = machine.track_interfaces.iter().filter(|track| *track.name == *link.name);
        lines.extend(tracks.map(|track| format!("     {}, weight {}", config.name, track.weight)));
    }
    if !lines.is_empty() {
        let _ = writeln!(text, "   Tracking VRRP instances :\n{}", lines.join("\n"));
    }
}

/// The first address that is not a virtual one; for IPv6 a link-local one.
fn own_address(view: &View<'_>, link: &Link, v4: bool) -> Option<IpAddr> {
    let is_virtual = |address: IpAddr| {
        view.config.instances.iter().any(|instance| {
            instance
                .virtual_ipaddress
                .iter()
                .chain(&instance.virtual_ipaddress_excluded)
                .any(|one| one.address == address)
        })
    };
    view.mirror
        .addresses_of(link.index)
        .into_iter()
        .map(|address| address.address)
        .filter(|address| !is_virtual(*address))
        .find(|address| match address {
            IpAddr::V4(_) => v4,
            IpAddr::V6(v6) => !v4 && v6.is_unicast_link_local(),
        })
}

fn state(link: &Link) -> String {
    let mut words = vec![if link.has(libc::IFF_UP) { "UP" } else { "DOWN" }];
    words.push(if link.has(libc::IFF_RUNNING) { "RUNNING" } else { "not RUNNING" });
    let flags = [
        (!link.has(libc::IFF_BROADCAST), "no broadcast"),
        (link.has(libc::IFF_LOOPBACK), "loopback"),
        (link.has(libc::IFF_POINTOPOINT), "point to point"),
        (link.has(libc::IFF_NOARP), "no arp"),
        (!link.has(libc::IFF_MULTICAST), "no multicast"),
    ];
    words.extend(flags.iter().filter(|(on, _)| *on).map(|(_, word)| *word));
    words.join(", ")
}

fn delay(view: &View<'_>, link: &Link, pick: impl Fn(&keepalived_conf::model::InterfaceDelay) -> u64) -> u64 {
    view.config.interface_up_down_delays.iter().find(|delay| delay.interface == link.name).map_or(0, pick)
}

fn setting(link: &Link, name: &'static str) -> String {
    let family = keepalived_conf::model::Family::Inet;
    let setting = Setting { family, interface: link.name.clone(), name };
    setting.read().unwrap_or_else(|_| String::from("0"))
}

fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}
