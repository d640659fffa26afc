import CBuildStamp

/// The version compiled in.
public enum ProgramVersion {
  public static let number = "0.2.0"
  /// The commit of the sources that were built, with "+" where they differed from it; nil outside a checkout.
  public static let commit: String? = {
    let text = String(cString: cbuildstamp_commit())
    return text.isEmpty ? nil : text
  }()
}
