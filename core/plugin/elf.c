#include "plugin/elf.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <string.h>

/* Far above any plugin, far below what makes the checks slow. */
enum { PROGRAM_HEADERS_MAX = 64, DYNAMIC_MAX = 1024, SYMBOLS_MAX = 65536, NAME_BYTES = 4096 };

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
#elif defined(__powerpc64__)
enum { MACHINE = EM_PPC64 };
#elif defined(__s390x__)
enum { MACHINE = EM_S390 };
#else
enum { MACHINE = EM_NONE };
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { BYTE_ORDER_HERE = ELFDATA2LSB };
#else
enum { BYTE_ORDER_HERE = ELFDATA2MSB };
#endif

struct image {
    const char *what;
    const unsigned char *bytes;
    size_t n;
    ElfW(Phdr) headers[PROGRAM_HEADERS_MAX];
    size_t n_headers;

    /* from the dynamic segment: addresses, 0 when not there */
    uint64_t symbols, strings, strings_size, hash, gnu_hash;
    uint64_t tables[3], table_sizes[3], entry_sizes[3]; /* relocations: RELA, REL, JMPREL */
    uint64_t needed[DYNAMIC_MAX];
    size_t n_needed;
    uint64_t run_path;
    bool has_run_path, is_program;
};

static int
image_broken(const struct image *im, const char *how, struct drstor_error **err)
{
    int r = dr_fail(err, DRSTOR_E_INVALID, "%s is damaged: %s", im->what, how);
    dr_hint(err, "install the plugin again");
    return r;
}

/* N bytes at OFFSET of the file, or NULL. */
static const unsigned char *
image_bytes(const struct image *im, uint64_t offset, uint64_t n)
{
    return offset <= im->n && n <= im->n - offset ? im->bytes + offset : NULL;
}

/* N bytes at address AT as the loader would map it, or NULL. RET_LEFT: bytes up to the segment's
 * end. */
static const unsigned char *
image_at(const struct image *im, uint64_t at, uint64_t n, uint64_t *ret_left)
{
    for (size_t i = 0; i < im->n_headers; i++) {
        const ElfW(Phdr) *h = &im->headers[i];
        if (h->p_type != PT_LOAD || at < h->p_vaddr || at - h->p_vaddr > h->p_filesz)
            continue;
        uint64_t inside = at - h->p_vaddr;
        if (n > h->p_filesz - inside || inside > UINT64_MAX - h->p_offset)
            continue;
        if (ret_left)
            *ret_left = h->p_filesz - inside;
        return image_bytes(im, h->p_offset + inside, n);
    }
    return NULL;
}

static const char *
image_string(const struct image *im, uint64_t offset)
{
    if (offset >= im->strings_size)
        return NULL;
    const char *s = (const char *)image_at(im, im->strings, im->strings_size, NULL);
    uint64_t most = im->strings_size - offset < NAME_BYTES ? im->strings_size - offset : NAME_BYTES;
    return s && memchr(s + offset, '\0', most) ? s + offset : NULL;
}

static const char *
machine_name(unsigned machine)
{
    static const struct {
        unsigned machine;
        const char *name;
    } known[] = {{EM_386, "i386"},        {EM_ARM, "arm"},     {EM_X86_64, "x86-64"},
                 {EM_AARCH64, "aarch64"}, {EM_PPC64, "ppc64"}, {EM_S390, "s390x"},
                 {EM_RISCV, "riscv"}};
    for (size_t i = 0; i < DR_COUNT(known); i++)
        if (known[i].machine == machine)
            return known[i].name;
    return "another kind of machine";
}

static bool
looks_like_text(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n && i < 64; i++)
        if (bytes[i] == 0 || (bytes[i] < 0x20 && !strchr("\n\r\t", bytes[i])))
            return false;
    return true;
}

static int
image_identify(const struct image *im, ElfW(Ehdr) * ret, struct drstor_error **err)
{
    const unsigned char *b = im->bytes;
    if (im->n == 0)
        return dr_fail(err, DRSTOR_E_INVALID, "%s is empty", im->what);
    if (im->n < SELFMAG || memcmp(b, ELFMAG, SELFMAG) != 0) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "%s is %s, not a shared object", im->what,
                        looks_like_text(b, im->n) ? "a text" : "some other file");
        dr_hint(err,
                "a plugin is compiled: cc -shared -fPIC -fvisibility=hidden -o drstor_NAME.so ...");
        return r;
    }
    if (im->n < sizeof(*ret))
        return dr_fail(err, DRSTOR_E_INVALID, "%s is truncated: only %zu bytes are there", im->what,
                       im->n);
    memcpy(ret, b, sizeof(*ret));
    unsigned class_here = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (b[EI_CLASS] != class_here || b[EI_DATA] != BYTE_ORDER_HERE ||
        (MACHINE != EM_NONE && ret->e_machine != MACHINE)) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "%s was built for %s, this program for %s", im->what,
                        b[EI_CLASS] != class_here && ret->e_machine == MACHINE
                            ? "another word size"
                            : machine_name(ret->e_machine),
                        machine_name(MACHINE));
        dr_hint(err, "install the plugin's package for this machine");
        return r;
    }
    if (ret->e_type != ET_DYN) {
        static const char *const types[] = {"no loadable file", "an object file", "a program",
                                            "a shared object", "a core dump"};
        return dr_fail(err, DRSTOR_E_INVALID, "%s is %s, not a shared object", im->what,
                       ret->e_type < DR_COUNT(types) ? types[ret->e_type] : "of an unknown type");
    }
    return DRSTOR_OK;
}

/* Also the section table, which nobody needs but which stands last: its loss shows a cut file. */
static int
image_whole(struct image *im, const ElfW(Ehdr) * e, struct drstor_error **err)
{
    if (e->e_phentsize != sizeof(ElfW(Phdr)) || e->e_phnum == 0 || e->e_phnum > PROGRAM_HEADERS_MAX)
        return image_broken(im, "its program headers make no sense", err);
    const unsigned char *p = image_bytes(im, e->e_phoff, (uint64_t)e->e_phnum * sizeof(ElfW(Phdr)));
    uint64_t end = 0;
    if (p) {
        memcpy(im->headers, p, (size_t)e->e_phnum * sizeof(ElfW(Phdr)));
        im->n_headers = e->e_phnum;
    } else {
        end = UINT64_MAX;
    }
    for (size_t i = 0; i < im->n_headers; i++) {
        const ElfW(Phdr) *h = &im->headers[i];
        if (h->p_type == PT_INTERP)
            im->is_program = true;
        if (h->p_filesz > UINT64_MAX - h->p_offset)
            return image_broken(im, "a segment ends nowhere", err);
        if (h->p_offset + h->p_filesz > end)
            end = h->p_offset + h->p_filesz;
    }
    uint64_t sections = (uint64_t)e->e_shnum * e->e_shentsize;
    if (e->e_shoff && (e->e_shoff > UINT64_MAX - sections || e->e_shoff + sections > end))
        end = e->e_shoff > UINT64_MAX - sections ? UINT64_MAX : e->e_shoff + sections;
    if (end > im->n) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "%s is truncated: only %zu bytes are there",
                        im->what, im->n);
        dr_hint(err, "install the plugin again");
        return r;
    }
    return DRSTOR_OK;
}

static void
image_dynamic_entry(struct image *im, int64_t tag, uint64_t value)
{
    switch (tag) {
    case DT_SYMTAB:
        im->symbols = value;
        break;
    case DT_STRTAB:
        im->strings = value;
        break;
    case DT_STRSZ:
        im->strings_size = value;
        break;
    case DT_HASH:
        im->hash = value;
        break;
    case DT_GNU_HASH:
        im->gnu_hash = value;
        break;
    case DT_RELA:
        im->tables[0] = value;
        im->entry_sizes[0] = sizeof(ElfW(Rela));
        break;
    case DT_RELASZ:
        im->table_sizes[0] = value;
        break;
    case DT_REL:
        im->tables[1] = value;
        im->entry_sizes[1] = sizeof(ElfW(Rel));
        break;
    case DT_RELSZ:
        im->table_sizes[1] = value;
        break;
    case DT_JMPREL:
        im->tables[2] = value;
        break;
    case DT_PLTRELSZ:
        im->table_sizes[2] = value;
        break;
    case DT_PLTREL:
        im->entry_sizes[2] = value == DT_RELA ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
        break;
    case DT_NEEDED:
        im->needed[im->n_needed++] = value;
        break;
    case DT_RPATH:
    case DT_RUNPATH:
        im->run_path = value;
        im->has_run_path = true;
        break;
    case DT_FLAGS_1:
        im->is_program = im->is_program || (value & DF_1_PIE);
        break;
    default:
        break;
    }
}

static int
image_dynamic(struct image *im, struct drstor_error **err)
{
    const ElfW(Phdr) *h = NULL;
    for (size_t i = 0; i < im->n_headers; i++)
        if (im->headers[i].p_type == PT_DYNAMIC)
            h = &im->headers[i];
    if (!h)
        return image_broken(im, "it has no dynamic segment", err);
    /* The loader uses the address, so do we. */
    size_t n = h->p_filesz / sizeof(ElfW(Dyn));
    const unsigned char *p = image_at(im, h->p_vaddr, h->p_filesz, NULL);
    if (!p || n > DYNAMIC_MAX)
        return image_broken(im, "its dynamic segment is not in the file", err);
    for (size_t i = 0; i < n; i++) {
        ElfW(Dyn) d;
        memcpy(&d, p + i * sizeof(d), sizeof(d));
        if (d.d_tag == DT_NULL)
            break;
        image_dynamic_entry(im, d.d_tag, d.d_un.d_val);
    }
    if (!im->symbols || !im->strings || !im->strings_size ||
        !image_at(im, im->strings, im->strings_size, NULL))
        return image_broken(im, "it has no symbol table", err);
    return DRSTOR_OK;
}

static bool
image_u32(const struct image *im, uint64_t at, uint32_t *ret)
{
    const unsigned char *p = image_at(im, at, sizeof(*ret), NULL);
    if (p)
        memcpy(ret, p, sizeof(*ret));
    return p != NULL;
}

/* The GNU table does not say how many symbols there are: it is the end of the last chain. */
static bool
gnu_hash_count(const struct image *im, uint64_t *ret)
{
    uint32_t buckets, first, bloom, last = 0;
    if (!image_u32(im, im->gnu_hash, &buckets) || !image_u32(im, im->gnu_hash + 4, &first) ||
        !image_u32(im, im->gnu_hash + 8, &bloom) || buckets > SYMBOLS_MAX || bloom > SYMBOLS_MAX)
        return false;
    uint64_t bucket = im->gnu_hash + 16 + (uint64_t)bloom * sizeof(ElfW(Addr));
    for (uint32_t i = 0; i < buckets; i++) {
        uint32_t start;
        if (!image_u32(im, bucket + (uint64_t)i * 4, &start))
            return false;
        if (start > last)
            last = start;
    }
    if (last < first) {
        *ret = first;
        return true;
    }
    uint64_t chain = bucket + (uint64_t)buckets * 4;
    for (uint32_t word = 0; last < SYMBOLS_MAX; last++) {
        if (!image_u32(im, chain + (uint64_t)(last - first) * 4, &word))
            return false;
        if (word & 1) {
            *ret = (uint64_t)last + 1;
            return true;
        }
    }
    return false;
}

/* A symbol that a relocation names is loaded, whatever the hash tables say. */
static bool
relocation_count(const struct image *im, uint64_t *count)
{
    for (size_t t = 0; t < DR_COUNT(im->tables); t++) {
        if (!im->tables[t] || !im->table_sizes[t] || !im->entry_sizes[t])
            continue;
        const unsigned char *p = image_at(im, im->tables[t], im->table_sizes[t], NULL);
        if (!p)
            return false;
        for (uint64_t i = 0; i < im->table_sizes[t] / im->entry_sizes[t]; i++) {
            ElfW(Rel) rel; /* begins like a RELA */
            memcpy(&rel, p + i * im->entry_sizes[t], sizeof(rel));
            uint64_t symbol = sizeof(void *) == 8 ? (uint64_t)rel.r_info >> 32 : rel.r_info >> 8;
            if (symbol >= *count)
                *count = symbol + 1;
        }
    }
    return true;
}

static int
image_symbols(struct image *im, struct dr_arena *a, struct dr_elf *elf, struct drstor_error **err)
{
    uint64_t n = 0;
    uint32_t chains = 0;
    bool counted =
        im->gnu_hash ? gnu_hash_count(im, &n) : im->hash && image_u32(im, im->hash + 4, &chains);
    n = chains > n ? chains : n;
    if (!counted || !relocation_count(im, &n) || n > SYMBOLS_MAX)
        return image_broken(im, "its symbols cannot be counted", err);
    const unsigned char *p = image_at(im, im->symbols, n * sizeof(ElfW(Sym)), NULL);
    if (!p)
        return image_broken(im, "its symbol table is not in the file", err);
    struct dr_elf_symbol *exports = NULL, *imports = NULL;
    for (uint64_t i = 1; i < n; i++) {
        ElfW(Sym) s;
        memcpy(&s, p + i * sizeof(s), sizeof(s));
        unsigned bind = s.st_info >> 4, type = s.st_info & 15, visibility = s.st_other & 3;
        const char *name = image_string(im, s.st_name);
        if (!name)
            return image_broken(im, "a symbol has no name", err);
        if (bind == STB_LOCAL || type == STT_SECTION || type == STT_FILE || *name == '\0')
            continue;
        struct dr_elf_symbol out = {dr_arena_str(a, name),
                                    type == STT_FUNC || type == STT_GNU_IFUNC};
        if (s.st_shndx == SHN_UNDEF)
            dr_arena_push(a, imports, elf->n_imports) = out;
        else if (visibility == STV_DEFAULT || visibility == STV_PROTECTED)
            dr_arena_push(a, exports, elf->n_exports) = out;
    }
    elf->exports = exports;
    elf->imports = imports;
    return DRSTOR_OK;
}

static int
image_libraries(struct image *im, struct dr_arena *a, struct dr_elf *elf, struct drstor_error **err)
{
    for (size_t i = 0; i < im->n_needed; i++) {
        const char *name = image_string(im, im->needed[i]);
        if (!name)
            return image_broken(im, "a library it needs has no name", err);
        dr_arena_push(a, elf->needed, elf->n_needed) = dr_arena_str(a, name);
    }
    if (im->has_run_path) {
        const char *path = image_string(im, im->run_path);
        elf->run_path = dr_arena_str(a, path ? path : "?");
    }
    return DRSTOR_OK;
}

int
dr_elf_read(struct dr_arena *a, const char *what, const unsigned char *bytes, size_t n,
            struct dr_elf *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) struct image *im = dr_new0(struct image);
    struct dr_elf elf = {0};
    ElfW(Ehdr) e;
    im->what = what;
    im->bytes = bytes;
    im->n = n;
    int r = image_identify(im, &e, err);
    if (r == DRSTOR_OK)
        r = image_whole(im, &e, err);
    if (r == DRSTOR_OK && !im->is_program)
        r = image_dynamic(im, err);
    if (r == DRSTOR_OK && im->is_program)
        r = dr_fail(err, DRSTOR_E_INVALID, "%s is a program, not a shared object", what);
    if (r == DRSTOR_OK)
        r = image_symbols(im, a, &elf, err);
    if (r == DRSTOR_OK)
        r = image_libraries(im, a, &elf, err);
    if (r < 0)
        return r;
    *ret = elf;
    return DRSTOR_OK;
}
