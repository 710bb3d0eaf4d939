//! The files the process has mapped to run from (`-dL`).

/// The text of `-dL`, from the contents of `/proc/self/maps`: the program first, each library once.
pub fn listing(maps: &str) -> String {
    let mut out = String::from("List of loaded object files:\n");
    let mut seen: Vec<&str> = Vec::new();
    for line in maps.lines() {
        // address, rights, offset, device, inode, path
        let mut fields = line.splitn(6, ' ');
        let is_code = fields.nth(1).is_some_and(|rights| rights.contains('x'));
        let path = fields.nth(3).map_or("", str::trim_start);
        if is_code && path.starts_with('/') && !seen.contains(&path) {
            seen.push(path);
        }
    }
    for path in seen {
        out.push_str(path);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_file_is_named_once() {
        let maps = "\
55d0-55d1 r--p 00000000 fe:00 1  /usr/sbin/haproxy\n\
55d1-55d2 r-xp 00001000 fe:00 1                          /usr/sbin/haproxy\n\
7f00-7f01 r-xp 00000000 fe:00 2                          /lib/libc.so.6\n\
7f01-7f02 r-xp 00001000 fe:00 2                          /lib/libc.so.6\n\
7f02-7f03 rw-p 00000000 00:00 0 \n\
7ffc-7ffd r-xp 00000000 00:00 0                          [vdso]\n";
        assert_eq!(super::listing(maps), "List of loaded object files:\n/usr/sbin/haproxy\n/lib/libc.so.6\n");
    }
}
