//! A small file system in memory.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use tempfile::TempDir;

pub(crate) struct Disk(TempDir);

impl Disk {
    /// `Err` says why there is none.
    pub(crate) fn new() -> Result<Self, String> {
        let folder = TempDir::with_prefix("punctual-disk-").unwrap();
        mount(folder.path())?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no byte.
    pub(crate) fn fill(&self) {
        let mut ballast = File::create(self.path().join("ballast")).unwrap();
        for size in [65_536, 4_096, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    pub(crate) fn free(&self) {
        std::fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

#[cfg(target_os = "linux")]
fn mount(folder: &Path) -> Result<(), String> {
    // The write-ahead log alone takes 4 MiB before it begins anew.
    let flags = rustix::mount::MountFlags::empty();
    let mounted = rustix::mount::mount("tmpfs", folder, "tmpfs", flags, c"size=32m");
    mounted.map_err(|error| format!("a small tmpfs cannot be mounted: {error}"))
}

#[cfg(not(target_os = "linux"))]
fn mount(_: &Path) -> Result<(), String> {
    Err("there is no tmpfs here".to_owned())
}

impl Drop for Disk {
    fn drop(&mut self) {
        // If somebody still has a file open, it goes when the last one ends.
        #[cfg(target_os = "linux")]
        let _ = rustix::mount::unmount(self.path(), rustix::mount::UnmountFlags::DETACH);
    }
}
