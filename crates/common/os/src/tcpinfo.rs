//! What the kernel knows of a TCP connection.

use std::io;
use std::os::fd::RawFd;

/// Numbers of one connection (tcp(7), `TCP_INFO`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// Smoothed round trip time, microseconds.
    pub rtt_us: u32,
    /// Its variation, microseconds.
    pub rtt_var_us: u32,
    /// Segments sent and not acknowledged.
    pub unacked: u32,
    /// Of those, segments acknowledged selectively.
    pub sacked: u32,
    /// Segments taken for lost.
    pub lost: u32,
    /// Segments sent again.
    pub retrans: u32,
    /// Segments of forward acknowledgement.
    pub fackets: u32,
    /// Segments that came out of order.
    pub reordering: u32,
}

/// Asks for the numbers of a connected TCP socket.
pub fn tcp_info(fd: RawFd) -> io::Result<TcpInfo> {
    // SAFETY: the structure is made of integers only, for which all zeroes is a value.
    #[allow(unsafe_code)]
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: pointer and length describe `info`, which outlives the call; the kernel writes at most `length` bytes.
    #[allow(unsafe_code)]
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            std::ptr::from_mut(&mut info).cast(),
            std::ptr::from_mut(&mut length),
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(TcpInfo {
        rtt_us: info.tcpi_rtt,
        rtt_var_us: info.tcpi_rttvar,
        unacked: info.tcpi_unacked,
        sacked: info.tcpi_sacked,
        lost: info.tcpi_lost,
        retrans: info.tcpi_retrans,
        fackets: info.tcpi_fackets,
        reordering: info.tcpi_reordering,
    })
}

/// Longest SYN packet: both headers with all their options.
const SYN_MAX: usize = 512;

/// The SYN packet of a connection whose listening socket keeps them (`TCP_SAVE_SYN`); empty when it was not kept or has
/// been asked for already.
pub fn saved_syn(fd: RawFd) -> io::Result<Vec<u8>> {
    let mut packet = vec![0u8; SYN_MAX];
    let mut length = SYN_MAX as libc::socklen_t;
    // SAFETY: pointer and length describe `packet`, which outlives the call; the kernel writes at most `length` bytes.
    #[allow(unsafe_code)]
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_SAVED_SYN,
            packet.as_mut_ptr().cast(),
            std::ptr::from_mut(&mut length),
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    packet.truncate(length as usize);
    Ok(packet)
}

#[cfg(test)]
mod tests;
