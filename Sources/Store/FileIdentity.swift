#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Which file a path names and when it was last changed: whoever writes to it, or puts another in its place, changes this.
struct FileIdentity: Sendable, Equatable {
  private let device, inode, bytes: UInt64
  private let changedSeconds, changedNanoseconds: Int

  /// nil where there is no file.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    bytes = UInt64(status.st_size)
    // The time of the last change of content or of the entry itself: no program can set it.
    #if canImport(Glibc)
      (changedSeconds, changedNanoseconds) = (status.st_ctim.tv_sec, status.st_ctim.tv_nsec)
    #else
      (changedSeconds, changedNanoseconds) = (status.st_ctimespec.tv_sec, status.st_ctimespec.tv_nsec)
    #endif
  }
}
