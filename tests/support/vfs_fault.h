/*
 * A layer between SQLite and the file system whose k-th change of a file fails: write, truncate,
 * sync, delete. It becomes SQLite's default. Syncs are counted, not done: what is tested is what a
 * process leaves behind, not what a power cut does, and a sync is all that would take time.
 */
#ifndef SUPPORT_VFS_FAULT_H
#define SUPPORT_VFS_FAULT_H

enum vfs_fault_kind {
    VFS_FAULT_NONE = 0,
    VFS_FAULT_ONCE, /* this one fails, the next works again */
    VFS_FAULT_DEAD, /* this one and all after it fail: the disk is gone */
    VFS_FAULT_TORN, /* as DEAD, but half of a write gets through */
    VFS_FAULT_FULL, /* as ONCE: no space left */
    VFS_FAULT_KINDS
};

void vfs_fault_install(void);
/* The K-th change from now on, counted from 1. */
void vfs_fault_arm(enum vfs_fault_kind kind, long k);
/* Changes since the last arming. */
long vfs_fault_count(void);

#endif
