// The libSystem calls the runtime makes on macOS. Nothing else in the project declares one.
using System.Runtime.InteropServices;

namespace MiniJit.Runtime.Platform;

internal static unsafe partial class MacCalls
{
    public const int MapPrivate = 0x02, MapFixed = 0x10, MapAnonymous = 0x1000, MapJit = 0x0800;

    [LibraryImport("libSystem", EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Mmap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libSystem", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Munmap(nint address, nuint length);

    [LibraryImport("libSystem", EntryPoint = "mprotect", SetLastError = true)]
    public static partial int Mprotect(nint address, nuint length, int protection);

    [LibraryImport("libSystem", EntryPoint = "pthread_jit_write_protect_np")]
    public static partial void JitWriteProtect(int enabled);

    [LibraryImport("libSystem", EntryPoint = "sys_icache_invalidate")]
    public static partial void SysIcacheInvalidate(nint address, nuint size);

    /// <summary>mach_task_self() is a macro around this variable's value; the function exists too.</summary>
    [LibraryImport("libSystem", EntryPoint = "task_self_trap")]
    public static partial uint TaskSelf();

    [LibraryImport("libSystem", EntryPoint = "task_threads")]
    public static partial int TaskThreads(uint task, uint** threads, uint* count);

    [LibraryImport("libSystem", EntryPoint = "thread_get_register_pointer_values")]
    public static partial int ThreadGetRegisterPointerValues(uint thread, nuint* stackPointer, nuint* count, nuint* registers);

    [LibraryImport("libSystem", EntryPoint = "mach_port_deallocate")]
    public static partial int MachPortDeallocate(uint task, uint name);

    [LibraryImport("libSystem", EntryPoint = "vm_deallocate")]
    public static partial int VmDeallocate(uint task, nuint address, nuint size);
}
