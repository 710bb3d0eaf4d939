//! Which address of an interface is the source of adverts.

use std::net::IpAddr;

use keepalived_conf::model::Family;
use keepalived_net::addresses::Address;
use keepalived_net::mirror::Mirror;

use super::translate::InstancePlan;

/// IFA_F_DADFAILED.
const DAD_FAILED: u32 = 0x08;

/// The source of an instance: what is configured, else the first address of the interface that is no virtual one;
/// for IPv6 it is a link-local one. `None` if there is none.
pub fn source_of(
    plan: &InstancePlan,
    mirror: &Mirror,
    is_virtual: impl Fn(&Address) -> bool,
) -> Option<IpAddr> {
    if let Some(address) = plan.source_ip {
        let tracked = !plan.track_source || is_present(mirror, address);
        return tracked.then_some(address);
    }
    let index = mirror.index_of(&plan.base_interface)?;
    let addresses = mirror.addresses_of(index);
    let mut usable = addresses.into_iter().filter(|address| {
        Family::of(address.address) == plan.family && address.flags & DAD_FAILED == 0 && !is_virtual(address)
    });
    match plan.family {
        Family::Inet => usable.next().map(|address| address.address),
        Family::Inet6 => usable
            .find(|address| matches!(address.address, IpAddr::V6(v6) if v6.is_unicast_link_local()))
            .map(|address| address.address),
    }
}

fn is_present(mirror: &Mirror, wanted: IpAddr) -> bool {
    mirror.links().any(|link| mirror.addresses_of(link.index).iter().any(|address| address.address == wanted))
}
