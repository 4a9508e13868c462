// What code memory and the linker have to know about an instruction set; one row each. The runtime knows no backend,
// so everything here is a fact of the architecture manual, not of our code generator.
using System;
using System.Runtime.InteropServices;
using MiniJit.Codegen;
using MiniJit.Runtime.Linking;

namespace MiniJit.Runtime.Platform;

/// <summary>One instruction set as the runtime sees it.</summary>
/// <param name="Architecture">Which.</param>
/// <param name="Filler">
/// Instruction that traps, repeated over memory that holds no live function. Its length divides every block size, and
/// execution that enters it at any instruction boundary traps at once.
/// </param>
/// <param name="CodeReach">
/// Size of the code half of an arena. Code and data halves lie side by side, so every branch and PC-relative access
/// inside of an arena reaches if twice this stays within the shortest of them (x86-64: rel32 ±2 GiB; AArch64: BL ±128 MiB).
/// </param>
/// <param name="Veneer">Machine code that jumps to the 8-byte address stored right behind it.</param>
/// <param name="EntryStub">Machine code that jumps to the address in a slot of data memory; see <see cref="JitEntry"/>.</param>
/// <param name="EntryRelocations">How the stub names the slot.</param>
/// <param name="ResumeStub">
/// Machine code that goes on at its first argument with stack pointer, frame pointer and two words of exception payload from the others (System V);
/// see <see cref="Exceptions.ExceptionSupport"/>.
/// </param>
/// <param name="BelowStackPointer">
/// How far below the stack pointer code accesses memory without having lowered it: a call's return address and a red zone, or
/// a store that lowers it only if it succeeds.
/// </param>
internal sealed record MachineTraits(
    Architecture Architecture,
    byte[] Filler,
    long CodeReach,
    byte[] Veneer,
    byte[] EntryStub,
    (int Offset, RelocationKind Kind, long Addend)[] EntryRelocations,
    byte[] ResumeStub,
    int BelowStackPointer)
{
    private const long MiB = 1L << 20;

    // int3. Zeroed memory would not do: 00 00 is add [rax], al.
    // The veneer: jmp [rip+0] ; .quad target                   FF /4, ModRM 25 = RIP-relative; padded so that the address is aligned
    // The stub: jmp [rip+slot]                                FF /4
    // To resume: mov rsp, rsi ; mov rbp, rdx ; mov rax, rcx ; mov rdx, r8 ; jmp rdi
    public static MachineTraits X64 { get; } = new(
        Architecture.X64, [0xCC], 256 * MiB, [0x66, 0x90, 0xFF, 0x25, 0, 0, 0, 0],
        [0xFF, 0x25, 0, 0, 0, 0],
        [(2, RelocationKind.X64PcRel4, -4)],
        [0x48, 0x89, 0xF4, 0x48, 0x89, 0xD5, 0x48, 0x89, 0xC8, 0x4C, 0x89, 0xC2, 0xFF, 0xE7],
        BelowStackPointer: 128);

    // udf #0 is all zeros and raises SIGILL; brk would be taken for a breakpoint by a debugger.
    // The veneer: ldr x16, #8 ; br x16 ; .quad target          x16 is IP0, free at every call by the AAPCS64
    // The stub: bti c ; adrp x16, slot ; add x16, x16, #lo12 ; ldr x16, [x16] ; br x16
    // To resume: bti c ; mov sp, x1 ; mov fp, x2 ; mov x16, x0 ; mov x0, x3 ; mov x1, x4 ; br x16
    public static MachineTraits Arm64 { get; } = new(
        Architecture.Arm64, [0, 0, 0, 0], 64 * MiB, [0x50, 0x00, 0x00, 0x58, 0x00, 0x02, 0x1F, 0xD6],
        [0x5F, 0x24, 0x03, 0xD5, 0x10, 0x00, 0x00, 0x90, 0x10, 0x02, 0x00, 0x91, 0x10, 0x02, 0x40, 0xF9, 0x00, 0x02, 0x1F, 0xD6],
        [(4, RelocationKind.Arm64AdrPage21, 0), (8, RelocationKind.Arm64AddLo12, 0)],
        [
            0x5F, 0x24, 0x03, 0xD5, 0x3F, 0x00, 0x00, 0x91, 0xFD, 0x03, 0x02, 0xAA, 0xF0, 0x03, 0x00, 0xAA, 0xE0, 0x03, 0x03, 0xAA, 0xE1, 0x03, 0x04, 0xAA,
            0x00, 0x02, 0x1F, 0xD6,
        ],
        BelowStackPointer: 1024);                                // stp of two vector registers, pre-indexed: imm7 · 16

    /// <summary>Bytes of a veneer with its address.</summary>
    public int VeneerSize => Veneer.Length + sizeof(ulong);

    public static MachineTraits Of(Architecture architecture) => architecture switch
    {
        Architecture.X64 => X64,
        Architecture.Arm64 => Arm64,
        _ => throw new PlatformNotSupportedException($"No machine traits for {architecture}."),
    };

    public static MachineTraits Host => Of(RuntimeInformation.ProcessArchitecture);
}
