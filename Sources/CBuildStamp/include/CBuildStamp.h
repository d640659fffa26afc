#pragma once

// The commit of the sources that were built, with "+" where they differ from it; empty outside a checkout. Written by
// the plugin StampCommit.
const char *cbuildstamp_commit(void);
