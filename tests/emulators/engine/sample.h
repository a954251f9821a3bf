/* Two small sites for the tests of the emulator: milan runs, rome waits. */
#ifndef TESTS_EMULATORS_ENGINE_SAMPLE_H
#define TESTS_EMULATORS_ENGINE_SAMPLE_H

#define SD1 "sd100000-0000-0000-0000-000000000001"
#define SD2 "sd200000-0000-0000-0000-000000000002"
#define DC_M "dc000000-0000-0000-0000-0000000000aa"
#define DC_R "dc000000-0000-0000-0000-0000000000bb"
#define CL_R "c1000000-0000-0000-0000-0000000000bb"
#define HOST_R1 "h0000000-0000-0000-0000-0000000000b1"
#define VM1 "b1000000-0000-0000-0000-000000000001"
#define VM2 "b2000000-0000-0000-0000-000000000002"
#define VM3 "b3000000-0000-0000-0000-000000000003"
#define TPL1 "e1000000-0000-0000-0000-000000000001"

/* erp-1 and erp-2 make domain erp, web-1 is domain web. */
#define SAMPLE_LUNS                                                                                \
    "{'volumes':["                                                                                 \
    "{'name':'erp-1','size':107374182400,'copies':["                                               \
    " {'site':'milan','wwid':'3600a1','serial':'A1','lun':1,'access':'read-write',"                \
    "  'exposed_to':['rhv-milan']},"                                                               \
    " {'site':'rome','wwid':'3600b1','serial':'B1','lun':1,'access':'read-only',"                  \
    "  'exposed_to':['rhv-rome']}]},"                                                              \
    "{'name':'erp-2','size':107374182400,'copies':["                                               \
    " {'site':'milan','wwid':'3600a2','serial':'A2','lun':2,'access':'read-write',"                \
    "  'exposed_to':['rhv-milan']},"                                                               \
    " {'site':'rome','wwid':'3600b2','serial':'B2','lun':2,'access':'read-only',"                  \
    "  'exposed_to':['rhv-rome']}]},"                                                              \
    "{'name':'web-1','size':53687091200,'copies':["                                                \
    " {'site':'milan','wwid':'3600a3','serial':'A3','lun':3,'access':'read-write',"                \
    "  'exposed_to':['rhv-milan']},"                                                               \
    " {'site':'rome','wwid':'3600b3','serial':'B3','lun':3,'access':'read-only',"                  \
    "  'exposed_to':['rhv-rome']}]}]}"

#define SAMPLE_MILAN                                                                               \
    "{'site':'milan','user':'admin@internal','password':'secret',"                                 \
    "'data_centers':[{'id':'" DC_M "','name':'dc-milan'}],"                                        \
    "'clusters':[{'id':'c1000000-0000-0000-0000-0000000000aa','name':'cl-milan',"                  \
    "  'data_center':'dc-milan'}],"                                                                \
    "'networks':[{'id':'n-m','name':'prod','data_center':'dc-milan'}],"                            \
    "'vnicprofiles':[{'id':'p-m','name':'prod','network':'prod'}],"                                \
    "'hosts':[{'id':'h0000000-0000-0000-0000-0000000000a1','name':'milan1',"                       \
    "  'cluster':'cl-milan','host_group':'rhv-milan'},"                                            \
    " {'id':'h0000000-0000-0000-0000-0000000000a2','name':'milan2','cluster':'cl-milan',"          \
    "  'host_group':'rhv-milan','spm_priority':1}],"                                               \
    "'storage_domains':[{'id':'" SD1 "','name':'erp','data_center':'dc-milan','master':true,"      \
    "  'luns':['3600a1','3600a2']},"                                                               \
    " {'id':'" SD2 "','name':'web','data_center':'dc-milan','luns':['3600a3']}],"                  \
    "'templates':[{'id':'" TPL1 "','name':'base','cluster':'cl-milan',"                            \
    "  'disks':[{'id':'d-t1','name':'base','storage_domain':'" SD1 "'}]}],"                        \
    "'vms':[{'id':'" VM1 "','name':'erp-db','status':'up','cluster':'cl-milan',"                   \
    "  'memory':8589934592,'high_availability':{'enabled':true,'priority':100},"                   \
    "  'lease':{'storage_domain':{'id':'" SD1 "'}},"                                               \
    "  'disks':[{'id':'d-1','name':'erp-db','storage_domain':'" SD1 "',"                           \
    "    'provisioned_size':10737418240,'actual_size':1073741824}],"                               \
    "  'nics':[{'id':'nic1','name':'nic1','network':'prod','profile':'prod',"                      \
    "    'mac':'56:6f:00:00:00:01'}]},"                                                            \
    " {'id':'" VM2 "','name':'web-1','status':'up','cluster':'cl-milan',"                          \
    "  'template':{'id':'" TPL1 "'},"                                                              \
    "  'disks':[{'id':'d-2','name':'web-1','storage_domain':'" SD2 "'},"                           \
    "    {'id':'d-3','name':'web-data','storage_domain':'" SD1 "'}]},"                             \
    " {'id':'" VM3 "','name':'old','cluster':'cl-milan',"                                          \
    "  'disks':[{'id':'d-4','name':'old','storage_domain':'" SD2 "'}]}]}"

#define SAMPLE_ROME                                                                                \
    "{'site':'rome','user':'admin@internal','password':'secret',"                                  \
    "'data_centers':[{'id':'" DC_R "','name':'dc-rome'}],"                                         \
    "'clusters':[{'id':'" CL_R "','name':'cl-rome','data_center':'dc-rome'}],"                     \
    "'networks':[{'id':'n-r','name':'prod-rome','data_center':'dc-rome'}],"                        \
    "'vnicprofiles':[{'id':'p-r','name':'prod','network':'prod-rome'}],"                           \
    "'hosts':[{'id':'" HOST_R1 "','name':'rome1','cluster':'cl-rome',"                             \
    "  'host_group':'rhv-rome'},"                                                                  \
    " {'id':'h0000000-0000-0000-0000-0000000000b2','name':'rome2','cluster':'cl-rome',"            \
    "  'host_group':'rhv-rome','spm_priority':1}]}"

#endif
