//! One host with its router, its clock and its interface.

use std::net::IpAddr;

use common_base::time::{Instant, Micros};
use keepalived_vrrp::{
    command::Command,
    config::{FileConfig, RouterConfig},
    event::Event,
    ids::InstanceId,
    instance::Instance,
    router::Router,
    state::State,
};
use keepalived_wire::advert::Advert;

pub struct Node {
    pub config: RouterConfig,
    pub router: Router,
    pub address: IpAddr,
    /// Its process runs (it may be stopped all the same).
    pub alive: bool,
    /// Until when its process does not get the processor.
    pub paused: bool,
    pub link_up: bool,
    pub held: bool,
    /// Packets that arrived while it was paused.
    pub inbox: Vec<(usize, Advert)>,
    /// Its clock is ahead of the world's by this.
    pub ahead: Micros,
    /// When it is to be woken, by the world's clock.
    pub alarm: Option<Instant>,
    /// Whether it holds the addresses, by virtual router.
    pub holds: Vec<bool>,
    /// Since when it has been able to lead and nobody did, by virtual router.
    pub quiet_since: Vec<Instant>,
    /// What it tracks in a file; survives restarts.
    pub weight: i64,
    out: Vec<Command>,
}

impl Node {
    pub fn new(mut config: RouterConfig, address: IpAddr) -> Self {
        config.files = vec![FileConfig { name: "weight".into() }];
        let count = config.instances.len();
        Self {
            router: Router::new(config.clone()),
            config,
            address,
            alive: false,
            paused: false,
            link_up: true,
            held: false,
            inbox: Vec::new(),
            ahead: Micros::ZERO,
            alarm: None,
            holds: vec![false; count],
            quiet_since: vec![Instant(0); count],
            weight: 0,
            out: Vec::new(),
        }
    }

    pub fn clock(&self, world: Instant) -> Instant {
        world + self.ahead
    }

    /// Feeds an event; the commands are in `commands` until the next one.
    pub fn handle(&mut self, world: Instant, event: Event) -> &[Command] {
        self.out.clear();
        let now = self.clock(world);
        self.router.handle(now, event, &mut self.out);
        self.settle()
    }

    pub fn wake(&mut self, world: Instant) -> &[Command] {
        self.out.clear();
        let now = self.clock(world);
        self.router.handle_timeout(now, &mut self.out);
        self.settle()
    }

    fn settle(&mut self) -> &[Command] {
        for command in &self.out {
            match command {
                Command::AddAddresses { instance, .. } => self.holds[instance.0 as usize] = true,
                Command::RemoveAddresses { instance, .. } => self.holds[instance.0 as usize] = false,
                _ => {}
            }
        }
        &self.out
    }

    pub fn instance(&self, index: usize) -> &Instance {
        self.router.instance(InstanceId(index as u32)).expect("instances never change here")
    }

    /// Alive, running, and on the network.
    pub fn acts(&self) -> bool {
        self.alive && !self.paused && self.link_up
    }

    pub fn leads(&self, index: usize) -> bool {
        self.acts() && self.instance(index).state() == State::Master
    }

    pub fn could_lead(&self, index: usize) -> bool {
        self.acts() && !self.held && self.instance(index).state() == State::Backup
    }
}
