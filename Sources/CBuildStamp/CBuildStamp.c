// The function is in the file that the plugin StampCommit writes.
#include "CBuildStamp.h"
