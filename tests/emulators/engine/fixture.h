/* Milan runs, rome waits, three pairs of volumes between them; steps that many tests begin with. */
#ifndef TESTS_EMULATORS_ENGINE_FIXTURE_H
#define TESTS_EMULATORS_ENGINE_FIXTURE_H

#include "client.h"
#include "sample.h"

#define ATTACH_R "datacenters/" DC_R "/storagedomains"
#define ATTACH_M "datacenters/" DC_M "/storagedomains"

/* A registration with every mapping milan's VMs need at rome. */
#define REGISTER                                                                                   \
    "{'registration_configuration':{'cluster_mappings':{'registration_cluster_mapping':["          \
    "{'from':{'name':'cl-milan'},'to':{'name':'cl-rome'}}]},"                                      \
    "'vnic_profile_mappings':{'registration_vnic_profile_mapping':[{'from':{'name':'prod',"        \
    "'network':{'name':'prod'}},'to':{'name':'prod','network':{'name':'prod-rome'}}}]}}}"

struct fixture {
    int64_t now;
    struct lunview_mem *luns;
    struct site milan;
    struct site rome;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
void array_promote(struct fixture *f);
int import_sd(struct fixture *f, const char *id);
int attach_sd(struct fixture *f, const char *id);
void crash_and_promote(struct fixture *f);
void attached_at_rome(struct fixture *f);
int register_at(struct fixture *f, const char *sd, const char *kind, const char *id);
void registered_at_rome(struct fixture *f);
const char *vm_status(struct site *s, const char *id);
void fault(struct site *s, const char *command);

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
