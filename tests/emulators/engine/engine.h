/* The operations on the state, file by file. Private to the library. */
#ifndef TESTS_EMULATORS_ENGINE_ENGINE_H
#define TESTS_EMULATORS_ENGINE_ENGINE_H

#include "state.h"

/* engine.c */
void op_sleep(struct emu_op *op, int64_t ms);
bool op_lane(struct emu_op *op, const char *key); /* false: come back in the same phase */
void op_lane_release(struct emu_op *op);
void op_end(struct emu_op *op);
struct emu_op *op_background(struct emu_engine *e, const char *name, void (*step)(struct emu_op *));
bool op_has(const struct emu_op *op, enum fault_kind kind);
int64_t emu_scaled(const struct emu_engine *e, int64_t ms);
int64_t emu_epoch_ms(const struct emu_engine *e, int64_t at_ns);
void emu_new_id(struct emu_engine *e, char ret[EMU_ID]);
void emu_route(struct emu_op *op);
void op_inner_get(struct emu_op *op, const char *href, struct emu_answer *ret);

/* lock.c */
int op_lock(struct emu_op *op, bool exclusive, const char *type, const char *id);
void op_unlock(struct emu_op *op);

/* answer.c */
void op_object(struct emu_op *op, int status, const char *type, struct json_object *tree);
void op_list(struct emu_op *op, const char *type, const char *plural, struct json_object *array);
void op_action(struct emu_op *op, struct json_object *extra);
__attribute__((format(printf, 3, 4))) void op_fault(struct emu_op *op, int status,
                                                    const char *format, ...);
void op_empty(struct emu_op *op, int status);
void op_raw(struct emu_op *op, int status, const char *content_type, const char *text);
struct json_object *tree_new(const char *id, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct json_object *tree_ref(const char *id, const char *collection);
void answer_clear(struct emu_answer *a);

/* media.c, json_repr.c, xml_repr.c, xml_read.c */
enum emu_media media_choose(const char *accept);
enum emu_media media_of(const char *content_type, const char *body);
char *json_repr(const struct emu_engine *e, const struct emu_answer *a);
char *xml_repr(const struct emu_answer *a);
bool repr_is_date(const char *key);
struct json_object *xml_read(const char *text, size_t length, char *ret_root, size_t size);

/* follow.c */
void tree_decorate(const struct emu_engine *e, const char *type, struct json_object *o);
struct json_object *op_follow(struct emu_op *op, const char *type, struct json_object *tree);

/* request.c */
int request_parse(struct emu_op *op, const struct emu_request *req);
void request_unescape(char *s);
const char *request_header(const struct emu_request *req, const char *name);
struct json_object *request_form(const char *text);

/* fault.c */
void fault_match(struct emu_op *op);
bool fault_before(struct emu_op *op); /* true: answered, the operation does not start */
int fault_add(struct emu_engine *e, struct json_object *conf, const char **ret_reason);
void fault_proxy(struct emu_op *op);
void fault_clear(struct emu_engine *e);

/* sso.c */
void sso_token(struct emu_op *op);
void sso_logout(struct emu_op *op);
bool sso_valid(struct emu_op *op, const struct emu_request *req);

/* search.c: which texts FIELD of OBJECT has; appended to TEXTS as strings */
typedef void (*search_get)(struct emu_engine *e, void *object, const char *field,
                           struct json_object *texts);
bool search_valid(const char *expression);
bool search_match(struct emu_engine *e, const char *expression, bool case_sensitive, search_get get,
                  void *object);
bool op_search(struct emu_op *op, search_get get, void *object); /* true without ?search */
bool op_search_ok(struct emu_op *op);                            /* false: answered with 400 */
struct json_object *op_arrange(struct emu_op *op, struct json_object *array);

/* event.c, job.c */
struct json_object *event_add(struct emu_engine *e, struct emu_op *op, int code,
                              const char *severity, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void event_list(struct emu_op *op);
void event_get(struct emu_op *op);
void event_post(struct emu_op *op);
void event_remove(struct emu_op *op);
void job_start(struct emu_op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));
void job_end(struct emu_op *op, bool good);
void job_list(struct emu_op *op);
void job_get(struct emu_op *op);
void job_steps(struct emu_op *op);
void job_step_get(struct emu_op *op);
void job_post(struct emu_op *op);
void job_clear(struct emu_op *op);
void job_step_post(struct emu_op *op);
void job_end_post(struct emu_op *op);
void job_step_end_post(struct emu_op *op);

/* content.c: the document on the LUNs */
struct json_object *content_luns(struct emu_engine *e, const struct emu_host *host);
struct json_object *content_groups(struct emu_engine *e, const struct emu_host *host);
struct json_object *content_group(struct emu_engine *e, const char *sd_id);
struct json_object *content_read(struct emu_engine *e, const char *sd_id);
int content_write(struct emu_engine *e, const char *sd_id, struct json_object *doc);
int content_wipe(struct emu_engine *e, const char *sd_id);
int content_create(struct emu_engine *e, struct emu_sd *sd, struct json_object *wwids);
void content_pool(struct json_object *doc, const struct emu_dc *dc, bool master);
struct json_object *host_visible_luns(struct emu_engine *e, const struct emu_host *host,
                                      struct json_object *luns);

/* lease.c */
int64_t lease_slot_wait_ms(struct emu_engine *e, struct json_object *doc, const struct emu_host *h);
int64_t lease_cluster_wait_ms(struct emu_engine *e, struct json_object *doc,
                              const struct emu_host *h);
void lease_take_slot(struct json_object *doc, const struct emu_host *h);
void lease_take_cluster(struct json_object *doc, const struct emu_host *h);
void lease_release_all(struct emu_engine *e, struct json_object *doc, const char *dc);
void lease_join_hosts(struct emu_engine *e, struct emu_sd *sd);
void lease_join_host(struct emu_engine *e, struct emu_sd *sd, const struct emu_host *h);
void lease_host_leaves(struct emu_engine *e, const struct emu_host *h);
void lease_leave_hosts(struct emu_sd *sd);
bool lease_host_ready(struct emu_engine *e, struct emu_sd *sd, const struct emu_host *h);
bool lease_vm_ready(struct emu_engine *e, struct emu_sd *sd, const struct emu_host *h,
                    const char *vm_id);
void lease_vm(struct emu_engine *e, struct emu_vm *vm, bool take);

/* ovf.c */
struct json_object *ovf_store(struct emu_engine *e, const struct emu_sd *sd);
int ovf_write(struct emu_engine *e, struct emu_sd *sd);
bool ovf_current(struct emu_engine *e, struct emu_sd *sd);
void ovf_period_start(struct emu_engine *e);
void ovf_read(struct emu_engine *e, struct emu_sd *sd, struct json_object *doc);
struct emu_unregistered *unregistered_get(struct emu_engine *e, bool template, const char *sd,
                                          const char *id);
void unregistered_drop(struct emu_engine *e, const char *sd, bool template, const char *id);
void unregistered_list(struct emu_op *op);
void unregistered_item(struct emu_op *op);
void unregistered_delete(struct emu_op *op);
void unregistered_disk_register(struct emu_op *op);
void sd_disks(struct emu_op *op);
void sd_update_ovf(struct emu_op *op);

/* register.c, mapping.c */
void register_start(struct emu_op *op);
bool mapping_check(struct json_object *registration, const char **ret_reason);
const char *mapping_name(struct json_object *registration, const char *kind, const char *from);
struct json_object *mapping_vnic(struct emu_engine *e, struct json_object *body,
                                 struct json_object *nic);
struct json_object *mapping_lun(struct json_object *registration, const char *wwid);

/* domain.c, import.c, attach.c, detach.c */
struct emu_sd *sd_get(struct emu_engine *e, const char *id);
struct emu_sd *sd_by_name(struct emu_engine *e, const char *name);
struct emu_sd *sd_new(struct emu_engine *e, struct json_object *doc, struct json_object *luns);
void sd_delete(struct emu_engine *e, struct emu_sd *sd);
struct emu_sd *sd_master(struct emu_engine *e, const char *dc);
const char *sd_status_name(enum sd_status s);
struct json_object *sd_tree(struct emu_engine *e, struct emu_sd *sd, bool attached);
void sd_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts);
size_t sd_count(struct emu_engine *e, const char *dc, enum sd_status status); /* 0: any */
void sd_list(struct emu_op *op);
void sd_item(struct emu_op *op);
void sd_put(struct emu_op *op);
void sd_post(struct emu_op *op);
void sd_refresh_luns(struct emu_op *op);
void sd_reduce_luns(struct emu_op *op);
void sd_flags(struct emu_sd *sd, struct json_object *body);
int sd_extend(struct emu_op *op, struct json_object *units);
void sd_remove(struct emu_op *op);
void sd_is_attached(struct emu_op *op);
void attached_list(struct emu_op *op);
void attached_item(struct emu_op *op);
void attached_disks(struct emu_op *op);
void attach_start(struct emu_op *op);
void activate_start(struct emu_op *op);
void activation_done(struct emu_op *op);
void deactivate_start(struct emu_op *op);
void detach_start(struct emu_op *op);
bool op_spm(struct emu_op *op);     /* the lane of its data centre; false: come back */
int op_attached(struct emu_op *op); /* dc and sd from the arguments; < 0: answered 404 */
bool op_dc_usable(struct emu_op *op, const char *what); /* false: answered 409 */
void monitor_start(struct emu_engine *e);

/* datacenter.c */
struct emu_dc *dc_get(struct emu_engine *e, const char *id);
struct emu_dc *dc_new(struct emu_engine *e, struct json_object *conf);
const char *dc_status_name(enum dc_status s);
void dc_elect(struct emu_engine *e, struct emu_dc *dc);
void dc_spm(struct emu_engine *e, struct emu_dc *dc, const struct emu_host *h);
void dc_list(struct emu_op *op);
void dc_item(struct emu_op *op);
void dc_setmaster(struct emu_op *op);
void dc_add(struct emu_op *op);
void dc_put(struct emu_op *op);
void dc_remove(struct emu_op *op);
void dc_clean_tasks(struct emu_op *op);

/* host.c */
struct emu_host *host_get(struct emu_engine *e, const char *id_or_name);
struct emu_host *host_new(struct emu_engine *e, struct json_object *conf);
const char *host_dc(struct emu_engine *e, const struct emu_host *h);
bool host_up(const struct emu_host *h);
struct emu_host *host_up_in_dc(struct emu_engine *e, const char *dc); /* the SPM first */
void host_list(struct emu_op *op);
void host_item(struct emu_op *op);
void host_storage(struct emu_op *op);
void host_discover(struct emu_op *op);
void host_login(struct emu_op *op);
void host_unregistered(struct emu_op *op);
bool op_host(struct emu_op *op);    /* false: answered with 404 */
bool op_host_up(struct emu_op *op); /* false: answered */
void host_free(struct emu_host *h);
void host_add(struct emu_op *op);
void host_put(struct emu_op *op);
void host_remove(struct emu_op *op);
void host_statistics(struct emu_op *op);
void host_attachments(struct emu_op *op);
bool host_has_network(struct emu_engine *e, const struct emu_host *h, const char *network);

/* host_state.c */
bool host_fenceable(const struct emu_host *h);
void host_goes_up(struct emu_engine *e, struct emu_host *h);
void host_rises(struct emu_engine *e, struct emu_host *h, int64_t ms);
void host_lost(struct emu_engine *e, struct emu_host *h, bool still_alive);
void hosts_lost(struct emu_engine *e);
void host_power(struct emu_engine *e, struct emu_host *h, bool on);
void host_activate(struct emu_op *op);
void host_deactivate(struct emu_op *op);
void host_fence(struct emu_op *op);
void host_forceselectspm(struct emu_op *op);
void host_refresh(struct emu_op *op);

/* collection.c */
void collections_init(struct emu_engine *e);
struct json_object *collection_get(struct emu_engine *e, const char *path, const char *id_or_name);
void collection_list(struct emu_op *op);
void collection_item(struct emu_op *op);
void collection_add(struct emu_op *op);
void collection_put(struct emu_op *op);
void collection_remove(struct emu_op *op);

/* affinity.c */
void affinity_defaults(struct json_object *o);
struct json_object *affinity_tree(struct emu_engine *e, struct json_object *from);
void affinity_members(struct emu_op *op);
void affinity_member_add(struct emu_op *op);
void affinity_member_remove(struct emu_op *op);
bool affinity_allows(struct emu_engine *e, const struct emu_vm *vm, const struct emu_host *h);
int affinity_weight(struct emu_engine *e, const struct emu_vm *vm, const struct emu_host *h);

/* network.c */
struct json_object *profile_find(struct emu_engine *e, const char *network, const char *profile);
struct json_object *nic_profile(struct emu_engine *e, struct json_object *nic);
bool network_in_cluster(struct emu_engine *e, const char *network, const char *cluster);
void cluster_networks(struct emu_op *op);
void cluster_network_add(struct emu_op *op);
void cluster_network_remove(struct emu_op *op);
void mac_init(struct emu_engine *e);
bool mac_taken(struct emu_engine *e, const char *cluster, const char *mac);
bool mac_bad(struct emu_engine *e, const char *cluster, const char *mac);
bool mac_next(struct emu_engine *e, const char *cluster, struct json_object *nics, char ret[18]);

/* lookup.c */
struct json_object *cluster_get(struct emu_engine *e, const char *id_or_name);
const char *cluster_dc(struct emu_engine *e, const char *cluster);
void empty_list(struct emu_op *op);
void root_get(struct emu_op *op);
void option_get(struct emu_op *op);

/* vm.c, vm_run.c, disk.c */
struct emu_vm *vm_get(struct emu_engine *e, bool template, const char *id);
struct emu_vm *vm_new(struct emu_engine *e, bool template, struct json_object *conf);
void vm_delete(struct emu_engine *e, struct emu_vm *vm);
const char *vm_status_name(enum vm_status s);
struct json_object *vm_conf_tree(struct emu_engine *e, struct json_object *conf, bool template);
struct json_object *vm_tree(struct emu_engine *e, struct emu_vm *vm);
bool vm_on_sd(struct json_object *conf, const char *sd);
bool vm_only_on_sd(struct json_object *conf, const char *sd);
void vm_list(struct emu_op *op);
void vm_item(struct emu_op *op);
void vm_put(struct emu_op *op);
void vm_add(struct emu_op *op);
void vm_remove(struct emu_op *op);
void vm_sub(struct emu_op *op);
void vm_start(struct emu_op *op);
void vm_stop(struct emu_op *op);
void vm_shutdown(struct emu_op *op);
int vm_write(struct emu_engine *e, struct emu_vm *vm, bool begin);
void vm_run_initially(struct emu_engine *e, struct emu_vm *vm);
void vm_lost(struct emu_engine *e, struct emu_vm *vm, bool still_alive);
void vm_died(struct emu_engine *e, struct emu_vm *vm, bool gone);
void vm_gone(struct emu_engine *e, struct emu_vm *vm);
void vm_storage_lost(struct emu_engine *e, struct emu_vm *vm);
void vm_storage_back(struct emu_engine *e, struct emu_vm *vm);
void ha_queue(struct emu_engine *e, struct emu_vm *vm, const char *correlation);
void vm_suspend(struct emu_op *op);
void vm_reboot(struct emu_op *op);
void vm_migrate(struct emu_op *op);
void vm_detach(struct emu_op *op);
bool vm_migrate_away(struct emu_op *cause, struct emu_vm *vm, struct json_object *wanted);
bool vm_agent_answers(const struct emu_vm *vm);
bool op_template(const struct emu_op *op);
void vm_sub_item(struct emu_op *op);
void nic_add(struct emu_op *op);
void nic_put(struct emu_op *op);
void nic_remove(struct emu_op *op);

/* schedule.c */
int64_t host_memory_used(struct emu_engine *e, const struct emu_host *h);
int64_t host_memory_free(struct emu_engine *e, const struct emu_host *h);
struct emu_host *schedule_host(struct emu_engine *e, struct emu_vm *vm, struct json_object *wanted,
                               const char * not, char **ret_why);

struct json_object *ovf_disks(struct emu_engine *e, const char *sd_id);
struct json_object *disk_tree(struct emu_engine *e, struct json_object *disk);
struct json_object *disk_attachments(struct emu_engine *e, const char *vm,
                                     struct json_object *conf);
void disk_list(struct emu_op *op);
void disk_item(struct emu_op *op);
void disk_remove(struct emu_op *op);
void disk_add(struct emu_op *op);
void disk_attach(struct emu_op *op);
void disk_detach(struct emu_op *op);

/* config.c */
int config_load(struct emu_engine *e, char **ret_reason);

/* control.c */
struct json_object *control_run(struct emu_engine *e, struct json_object *command);

#endif
