/* What a plugin is offered of the network: core/net, by the scheme of its array's urls. */
#ifndef DR_WORKER_SERVICES_H
#define DR_WORKER_SERVICES_H

#include "plugin/services.h"

extern const struct dr_plugin_services dr_worker_services;

#endif
