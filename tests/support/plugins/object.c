/* A shared object that is wrong before anything of it runs; which way is chosen when it is
 * compiled. */
#define OBJECT_NO_ENTRY 1
#define OBJECT_DATA_ENTRY 2
#define OBJECT_EXTRA 3
#define OBJECT_IMPORT 4

#define EXPORTED __attribute__((visibility("default")))

#if OBJECT == OBJECT_DATA_ENTRY
extern EXPORTED const int drstor_plugin_entry;
const int drstor_plugin_entry = 1;
#else
#if OBJECT == OBJECT_IMPORT
void reached(void) __asm__(IMPORT);
#endif
#if OBJECT == OBJECT_EXTRA
EXPORTED int acme_helper(void);
int
acme_helper(void)
{
    return 1;
}
#endif
#if OBJECT != OBJECT_NO_ENTRY
EXPORTED
#endif
const void *drstor_plugin_entry(const void *host);

const void *
drstor_plugin_entry(const void *host)
{
#if OBJECT == OBJECT_IMPORT
    static volatile int never;
    if (never)
        reached();
#endif
    return host ? (const void *)0 : host;
}
#endif
