/* Small things every file of the emulator uses. Allocation failure ends the program. */
#ifndef TESTS_EMULATORS_ENGINE_UTIL_H
#define TESTS_EMULATORS_ENGINE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

void *emu_alloc(size_t size);
char *emu_strdup(const char *s);
void emu_copy(char *dst, size_t size, const char *src);
__attribute__((format(printf, 1, 2))) char *emu_printf(const char *format, ...);

#define EMU_SET(array, src) emu_copy(array, sizeof(array), src)

bool emu_same(const char *a, const char *b);
bool emu_same_nocase(const char *a, const char *b);

/* Walk "a.b.c". Results are borrowed; strings, numbers and booleans are accepted for each other. */
struct json_object *js_get(struct json_object *o, const char *path);
const char *js_str(struct json_object *o, const char *path); /* NULL when absent */
int64_t js_int(struct json_object *o, const char *path, int64_t fallback);
bool js_bool(struct json_object *o, const char *path, bool fallback);
double js_double(struct json_object *o, const char *path, double fallback);
size_t js_len(struct json_object *array); /* 0 for NULL and for what is no array */
struct json_object *js_at(struct json_object *array, size_t i);

/* Add to an object; a NULL string or object adds nothing. Objects are taken over. */
void js_add(struct json_object *o, const char *key, struct json_object *value);
void js_add_str(struct json_object *o, const char *key, const char *value);
void js_add_int(struct json_object *o, const char *key, int64_t value);
void js_add_bool(struct json_object *o, const char *key, bool value);
void js_add_ref(struct json_object *o, const char *key, struct json_object *value); /* a new ref */
void js_count(struct json_object *o, const char *key);               /* counter + 1 */
struct json_object *js_sub(struct json_object *o, const char *key);  /* get or create an object */
struct json_object *js_list(struct json_object *o, const char *key); /* get or create an array */
/* Set "a.b.c" unless it is there. */
void js_default_str(struct json_object *o, const char *path, const char *value);
void js_default_int(struct json_object *o, const char *path, int64_t value);
void js_default_bool(struct json_object *o, const char *path, bool value);
struct json_object *js_copy(struct json_object *o);
struct json_object *js_find(struct json_object *array, const char *key, const char *value);
void js_remove(struct json_object *array, const char *key, const char *value);

#endif
