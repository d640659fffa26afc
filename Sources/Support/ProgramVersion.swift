/// The version compiled in.
public enum ProgramVersion {
  public static let number = "0.2.0"
  /// The commit of the sources, stamped at build time; "+" at its end for sources that differ from it.
  public static let commit: String? = nil
}
