//! Taking over a new configuration.

use super::notify::groups_of;
use super::run::now;
use super::shell::Shell;
use super::source::source_of;
use super::translate::plan;
use keepalived_vrrp::command::{Notify, NotifyState, Subject};
use keepalived_vrrp::event::Event;
use keepalived_vrrp::ids::InstanceId;
use keepalived_vrrp::state::State;
use std::collections::HashSet;

impl Shell {
    /// Instances that have just been made need their source before their first advert.
    pub(super) fn update_sources_of_new(&mut self) {
        for instance in self.router.ids().instances.clone() {
            let Some(live) = self.live.get(&instance) else { continue };
            if live.source.is_none() {
                let address = source_of(&live.plan, &self.kernel.mirror, |address| {
                    self.virtual_addresses.contains(&(address.address, address.prefix))
                });
                if let Some(live) = self.live.get_mut(&instance) {
                    live.source = address;
                }
                self.event(Event::Source { instance, address });
            }
        }
    }

    /// `fifo_write_vrrp_states_on_reload`.
    pub(super) fn write_states(&mut self) {
        let states: Vec<Notify> = self
            .router
            .instances()
            .filter_map(|instance| {
                let state = match instance.state() {
                    State::Init => return None,
                    State::Backup => NotifyState::Backup,
                    State::Master => NotifyState::Master,
                    State::Fault => NotifyState::Fault,
                };
                Some(Notify {
                    subject: Subject::Instance(instance.id()),
                    name: instance.config().name.clone(),
                    state,
                    priority: instance.effective_priority(),
                })
            })
            .collect();
        for notify in &states {
            self.teller.write(notify);
        }
    }

    pub(super) fn reload(&mut self) {
        tracing::info!("Reloading");
        let config = match (self.reread)() {
            Ok(config) => config,
            Err(reason) => {
                tracing::error!("Configuration refused, nothing changes: {reason}");
                return;
            }
        };
        if !self.interfaces_exist(&plan(&config)) && !config.global.vrrp.dynamic_interfaces {
            tracing::error!("Configuration refused, nothing changes");
            return;
        }
        for line in super::changes::changes(&self.config, &config) {
            tracing::info!("Reload: {line}");
        }
        let mut ready = plan(&config);
        self.config = config;
        // Objects of both configurations: what vanishes has to be found, too.
        self.objects.addresses.extend(ready.objects.addresses.clone());
        self.objects.routes.extend(ready.objects.routes.clone());
        self.objects.rules.extend(ready.objects.rules.clone());
        if let Err(error) = self.make_vmacs_of(&ready) {
            tracing::error!("vmac: {error}");
        }
        let mut commands = Vec::new();
        self.router.reload(now(), std::mem::take(&mut ready.router), &mut commands);
        // Numbers of new instances are known now; those of vanished ones are still in use.
        let objects = ready.objects.clone();
        self.adopt(ready);
        self.open_sockets();
        self.update_sources_of_new();
        self.execute(commands.into_iter());
        self.objects = objects;
        let ids: HashSet<InstanceId> = self.router.ids().instances.iter().copied().collect();
        self.live.retain(|id, _| ids.contains(id));
        self.open_sockets();
        self.set_statics();
        self.script_groups = groups_of(&self.config);
        self.teller.configure(&self.config, &super::shell::host_name());
        self.watch_files();
        self.watch_processes(None);
        self.watch_bfd();
        self.tell_everything();
        if self.config.global.fifos.write_vrrp_states_on_reload {
            self.write_states();
        }
        common_os::memory::trim();
        common_os::memory::forget_code();
        tracing::info!("Reload complete");
    }
}
