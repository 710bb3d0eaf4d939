//! What the allocator keeps of the memory that is free.

/// Larger pieces come from the kernel and go back to it when they are freed; so does the end of the heap.
#[cfg(target_env = "gnu")]
const PIECE: i32 = 65_536;

/// For small processes that live long. One heap for all threads: those that allocate little and seldom need none of
/// their own. Fixed limits: by default the allocator keeps pieces as large as the largest one it ever saw.
#[allow(unsafe_code)]
pub fn keep_small() {
    // SAFETY: mallopt only sets numbers; called before the first thread is made.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, PIECE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, PIECE);
    }
}

/// Gives the pages that the allocator holds without use back to the kernel. For moments after much was freed at once.
#[allow(unsafe_code)]
pub fn trim() {
    // SAFETY: malloc_trim may be called at any time; it only returns pages that nothing lives in.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Lets go of the pages of the program's own code: what only the start needed does not come back, the rest is found in
/// the page cache at its next use. Nothing happens in a process that has locked its memory.
pub fn forget_code() {
    let Ok(program) = std::fs::read_link("/proc/self/exe") else { return };
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    for (start, end) in code_of(&maps, &program.to_string_lossy()) {
        release(start, end - start);
    }
}

/// Beginning and end of the executable mappings of a file. Others are left alone: they may have been written to.
fn code_of<'a>(maps: &'a str, program: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    maps.lines().filter_map(move |line| {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let wanted = words.next() == Some("r-xp") && words.nth(3) == Some(program);
        let number = |digits: &str| usize::from_str_radix(digits, 16).ok();
        number(start).zip(number(end)).filter(|(start, end)| wanted && start < end)
    })
}

#[allow(unsafe_code)]
fn release(start: usize, length: usize) {
    let address = std::ptr::with_exposed_provenance_mut(start);
    // SAFETY: a private mapping of a file that can be read and executed, never written: its pages are those of the
    // file, and the kernel brings them back unchanged.
    unsafe {
        libc::madvise(address, length, libc::MADV_DONTNEED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_the_program_is_meant() {
        let maps = "1000-2000 r--p 00000000 fe:00 7 /bin/x\n2000-5000 r-xp 00001000 fe:00 7 /bin/x\n5000-6000 rw-p 0 fe:00 7 /bin/x\n\
                    7000-8000 r-xp 00000000 fe:00 8 /lib/libc.so.6\n9000-a000 rw-p 00000000 00:00 0 [heap]\nbroken\n";
        assert_eq!(code_of(maps, "/bin/x").collect::<Vec<_>>(), [(0x2000, 0x5000)]);
    }

    #[test]
    fn code_that_was_let_go_still_runs() {
        forget_code();
        keep_small();
        trim();
        assert_eq!([3, 1, 2].iter().max(), Some(&3));
    }
}
