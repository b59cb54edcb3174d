#include "ps_poller.h"
