// The program that qemu runs: it goes through a table of calls, makes each, and writes what came of it to standard output. A signal ends the
// call that caused it and nothing else.
//
// The table, symbol Table, is a header followed by one record per call.
//
//   header    0 offset of the first record to carry out, read from standard input     24 end of the table
//             8 stack pointer of the loop                                             32 struct sigaction
//            16 the record under way                                                  64 stack_t
//   record    0 trampoline   8 callee   16 size of the record
//            24 state: 0 not carried out, 1 returned, 2 ended by a signal
//            32 program counter   40 signal   48 address of the fault   56 stack pointer   64 link register   72 stack pointer of the loop
//            80 values, 16 bytes each
//
// x19 is the table, x20 the record, in the loop and in the handler, which runs on a stack of its own: the highest 64 KiB of the process's.
// Offsets into ucontext_t are those of arch/arm64/include/uapi/asm/sigcontext.h: the registers are at 184, sp at 432, pc at 440.
using System;
using System.Buffers.Binary;
using MiniJit.Backend.Arm64;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Objects;

namespace MiniJit.Filetests.Engines;

/// <summary>State of a record.</summary>
internal enum QemuCallState : byte
{
    Pending,
    Returned,
    Signalled,
}

/// <summary>Writes the driver and its table into a module.</summary>
internal static class QemuDriver
{
    /// <summary>Bytes of the header, and of a record before its values.</summary>
    public const int HeaderSize = 96, RecordSize = 80;

    /// <summary>Offsets into a record.</summary>
    public const int Trampoline = 0, Callee = 8, Size = 16, State = 24, ProgramCounter = 32, Signal = 40, FaultAddress = 48, StackPointer = 56,
        LinkRegister = 64, LoopStackPointer = 72;

    private const int First = 0, LoopStack = 8, Current = 16, End = 24, Action = 32, ActionFlags = 40, SignalStack = 64, SignalStackSize = 80;

    // SA_SIGINFO | SA_ONSTACK | SA_NODEFER: the handler does not return, so that nothing would unblock the signal again.
    private const uint HandlerFlags = 0x4800_0004;
    private const int SignalStackPages = 16, PageSize = 4096, SignalMaskSize = 8;

    private const int SysRead = 63, SysWrite = 64, SysExitGroup = 94, SysSigaltstack = 132, SysRtSigaction = 134;
    private const int StackPointerRegister = 31, Table = 19, Record = 20;
    private const int ContextLinkRegister = 424, ContextStackPointer = 432, ContextProgramCounter = 440, InfoAddress = 16;

    // The namespace of a compiler's own names; test files do not use it.
    private const uint Namespace = uint.MaxValue;

    private static ReadOnlySpan<byte> Signals => [4, 5, 7, 8, 11];    // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV

    private static ExternalName EntryName { get; } = ExternalName.User(Namespace, 0);

    private static ExternalName TableName { get; } = ExternalName.User(Namespace, 1);

    /// <summary>The name of a trampoline.</summary>
    public static ExternalName TrampolineName(int index) => ExternalName.User(Namespace, 2 + (uint)index);

    /// <summary>Adds the driver to a module.</summary>
    /// <param name="module">Functions and trampolines.</param>
    /// <param name="records">The records, with sizes and values.</param>
    /// <param name="relocations">Trampolines and callees in the records, relative to their start.</param>
    /// <returns>The symbol where execution begins.</returns>
    public static int Define(ObjectModule module, ReadOnlySpan<byte> records, ReadOnlySpan<Relocation> relocations)
    {
        byte[] table = new byte[HeaderSize + records.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(ActionFlags), HandlerFlags);
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(SignalStackSize), SignalStackPages * PageSize);
        records.CopyTo(table.AsSpan(HeaderSize));
        var all = new Relocation[relocations.Length + 1];
        all[0] = new(End, RelocationKind.Abs8, TableName, table.Length);
        for (int i = 0; i < relocations.Length; i++)
        {
            all[i + 1] = relocations[i] with { Offset = HeaderSize + relocations[i].Offset };
        }

        module.DefineData(TableName, table, isWritable: true, relocations: all);
        A64Assembler code = new();
        Write(code);
        module.DefineCode(EntryName, code.Finish(), code.Relocations);
        _ = module.TryFind(EntryName, out int entry);
        return entry;
    }

    private static void Write(A64Assembler code)
    {
        int loop = code.NewLabel(), report = code.NewLabel(), write = code.NewLabel(), done = code.NewLabel(), failed = code.NewLabel(), exit = code.NewLabel();
        int handler = code.NewLabel();
        code.Mov(29, 0);                                       // the outermost frame
        code.Mov(30, 0);
        code.SubPages(StackPointerRegister, StackPointerRegister, SignalStackPages);
        code.Address(Table, TableName);
        code.Add(0, StackPointerRegister, 0);
        code.Store(0, Table, LoopStack);
        code.Store(0, Table, SignalStack);
        code.Address(9, handler);
        code.Store(9, Table, Action);
        code.Add(0, Table, SignalStack);
        code.Mov(1, 0);
        code.SystemCall(SysSigaltstack);
        foreach (byte signal in Signals)
        {
            code.Mov(0, signal);
            code.Add(1, Table, Action);
            code.Mov(2, 0);
            code.Mov(3, SignalMaskSize);
            code.SystemCall(SysRtSigaction);
        }

        code.Mov(0, 0);
        code.Add(1, Table, First);
        code.Mov(2, sizeof(ulong));
        code.SystemCall(SysRead);
        code.Load(Record, Table, First);
        code.AddRegister(Record, Record, Table);

        code.Bind(loop);
        code.Load(21, Table, End);
        code.SubsRegister(31, Record, 21);
        code.Branch(Condition.Hs, done);
        code.Store(Record, Table, Current);
        code.Load(9, Record, Trampoline);
        code.Load(0, Record, Callee);
        code.Add(1, Record, RecordSize);
        code.CallRegister(9);
        code.Address(Table, TableName);                        // whatever became of the registers that a callee saves
        code.Load(Record, Table, Current);
        code.Mov(9, (int)QemuCallState.Returned);
        code.Store(9, Record, State);

        code.Bind(report);
        code.Load(22, Record, Size);
        code.Bind(write);
        code.Mov(0, 1);
        code.Add(1, Record, 0);
        code.Add(2, 22, 0);
        code.SystemCall(SysWrite);
        code.SubsRegister(9, 0, 31);
        code.Branch(Condition.Le, failed);
        code.AddRegister(Record, Record, 0);
        code.SubsRegister(22, 22, 0);
        code.BranchIfNotZero(22, write);
        code.Branch(loop);

        code.Bind(done);
        code.Mov(0, 0);
        code.Branch(exit);
        code.Bind(failed);
        code.Mov(0, 1);
        code.Bind(exit);
        code.SystemCall(SysExitGroup);

        // x0 the signal, x1 siginfo_t, x2 ucontext_t
        code.Bind(handler);
        code.Address(Table, TableName);
        code.Load(Record, Table, Current);
        code.Mov(9, (int)QemuCallState.Signalled);
        code.Store(9, Record, State);
        code.Store(0, Record, Signal);
        code.Load(9, 1, InfoAddress);
        code.Store(9, Record, FaultAddress);
        code.Load(9, 2, ContextProgramCounter);
        code.Store(9, Record, ProgramCounter);
        code.Load(9, 2, ContextStackPointer);
        code.Store(9, Record, StackPointer);
        code.Load(9, 2, ContextLinkRegister);
        code.Store(9, Record, LinkRegister);
        code.Load(9, Table, LoopStack);
        code.Store(9, Record, LoopStackPointer);
        code.Add(StackPointerRegister, 9, 0);
        code.Branch(report);
    }
}
