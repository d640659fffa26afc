/// The version of this program. `buildCommit`, beside it, is in the file that the plugin StampCommit writes: the commit of
/// the sources that were built, with "+" where they differed from it, and "" outside a checkout.
public let buildVersion = "0.2.0"
