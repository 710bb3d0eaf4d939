//! Resource limits and scheduling.

use std::io;
use std::mem::MaybeUninit;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::unistd::Pid;

/// Sets soft and hard limit of open files; a value above the hard limit needs CAP_SYS_RESOURCE.
pub fn set_open_files(soft: u64, hard: u64) -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_NOFILE, soft as rlim_t, hard as rlim_t)?)
}

/// Soft and hard limit of open files.
pub fn open_files() -> io::Result<(u64, u64)> {
    Ok(getrlimit(Resource::RLIMIT_NOFILE)?)
}

/// Lets the kernel write core files of any size.
pub fn allow_core() -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_CORE, libc::RLIM_INFINITY, libc::RLIM_INFINITY)?)
}

/// Limits the CPU time in microseconds that a real-time process may use between two blocking calls.
#[allow(unsafe_code)]
pub fn set_rttime(micros: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: micros, rlim_max: micros };
    // SAFETY: `limit` outlives the call.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &limit) })
}

/// Real-time round-robin scheduling with this priority (1 to 99); processes it forks go back to normal.
pub fn set_realtime(priority: i32) -> io::Result<()> {
    set_scheduler(libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, priority)
}

/// Normal scheduling. Safe between fork and exec.
pub fn set_normal() -> io::Result<()> {
    set_scheduler(libc::SCHED_OTHER, 0)
}

/// The largest round-robin priority.
#[allow(unsafe_code)]
pub fn realtime_max() -> i32 {
    // SAFETY: reads a constant of the kernel.
    unsafe { libc::sched_get_priority_max(libc::SCHED_RR) }
}

/// Sets the nice value, -20 to 19. Safe between fork and exec.
#[allow(unsafe_code)]
pub fn set_nice(value: i32) -> io::Result<()> {
    // SAFETY: plain numbers; 0 is this process.
    checked(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, value) })
}

/// Keeps all memory of this process, present and future, from being swapped out.
pub fn lock_memory() -> io::Result<()> {
    Ok(mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE)?)
}

/// Runs this thread on these processors only.
pub fn set_affinity(cpus: &[u32]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(usize::try_from(*cpu).map_err(io::Error::other)?)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

#[allow(unsafe_code)]
fn set_scheduler(policy: i32, priority: i32) -> io::Result<()> {
    let mut param = MaybeUninit::<libc::sched_param>::zeroed();
    // SAFETY: all-zero is a valid sched_param; the pointer lives through the call; 0 is this process.
    unsafe {
        (*param.as_mut_ptr()).sched_priority = priority;
        checked(libc::sched_setscheduler(0, policy, param.as_ptr()))
    }
}

fn checked(result: i32) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
