// Windows: faults of compiled code are structured exceptions, and a vectored handler sees them before anybody else; the runtime's own
// comes after ours, because ours was added later and in front.
//
// Stacks are different here as well. They grow page by page: touching the guard page below the committed part commits it and moves the guard down. Compiled
// code with large frames that are not probed would step over the guard and fault although there is room, so a thread's stack is
// committed before its first call: all of it, or the first 16 MiB. An exhausted stack has lost its guard page, which has to be put back before it can be exhausted again.
using System;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Runtime.Platform;
using static MiniJit.Runtime.Platform.WindowsCalls;

namespace MiniJit.Runtime.Invocation;

internal static unsafe class VectoredHandler
{
    private const uint
        GuardPage = 0x80000001, DatatypeMisalignment = 0x80000002, Breakpoint = 0x80000003, SingleStep = 0x80000004,
        AccessViolation = 0xC0000005, InPageError = 0xC0000006, IllegalInstruction = 0xC000001D,
        IntegerDivideByZero = 0xC0000094, IntegerOverflow = 0xC0000095, PrivilegedInstruction = 0xC0000096, StackOverflow = 0xC00000FD;

    /// <summary>Stack that must be left for an exception to be dispatched on: a record, registers with all vectors, and the dispatcher's own frames.</summary>
    private const uint StackGuarantee = 32 * 1024;

    private const uint CommitLimit = 16 << 20;

    private static uint s_slot;

    /// <summary>Makes the stubs and adds the handler; returns the address of the entry stub.</summary>
    public static nint Install(HandlerGlobals* globals)
    {
        s_slot = TlsAlloc();
        if (s_slot == uint.MaxValue)
        {
            throw SystemError.Last("TlsAlloc").ToException();
        }

        StubWriter code = new();
        int enter = X64WindowsStubs.WriteEnter(code, out int trapExit);
        code.Align(16, 0xCC);
        int handler = X64WindowsStubs.WriteHandler(code, (ulong)globals, (int)s_slot);
        nint address = Place(code.Finish());
        globals->TrapExit = address + trapExit;
        return AddVectoredExceptionHandler(1, address + handler) != 0
            ? address + enter
            : throw SystemError.Last("AddVectoredExceptionHandler").ToException();
    }

    public static void PrepareThread(NativeThreadState* state)
    {
        uint guarantee = StackGuarantee;
        if (!SetThreadStackGuarantee(ref guarantee))             // never lowers what somebody else has asked for
        {
            throw SystemError.Last("SetThreadStackGuarantee").ToException();
        }

        GetCurrentThreadStackLimits(out state->StackLow, out state->StackHigh);
        CommitStack(state->StackLow);
        if (!TlsSetValue(s_slot, (nint)state))
        {
            throw SystemError.Last("TlsSetValue").ToException();
        }
    }

    public static Fault Read(in Activation activation)
    {
        FaultKind kind = (uint)activation.Signal switch
        {
            AccessViolation or GuardPage => FaultKind.Memory,
            InPageError => FaultKind.Bus,
            StackOverflow => FaultKind.StackExhausted,
            _ => FaultKind.Instruction,
        };

        // int3 reports its own address. The machine does not say which address was not canonical, and the system then says -1.
        bool hasAddress = kind is FaultKind.Memory or FaultKind.Bus && activation.FaultAddress != nuint.MaxValue;
        return new(
            kind,
            (nuint)activation.Registers[X64WindowsStubs.RipIndex],
            (nuint)activation.Registers[X64WindowsStubs.RspIndex],
            hasAddress ? activation.FaultAddress : 0);
    }

    public static string NameOf(int code) => (uint)code switch
    {
        GuardPage => "EXCEPTION_GUARD_PAGE",
        DatatypeMisalignment => "EXCEPTION_DATATYPE_MISALIGNMENT",
        Breakpoint => "EXCEPTION_BREAKPOINT",
        SingleStep => "EXCEPTION_SINGLE_STEP",
        AccessViolation => "EXCEPTION_ACCESS_VIOLATION",
        InPageError => "EXCEPTION_IN_PAGE_ERROR",
        IllegalInstruction => "EXCEPTION_ILLEGAL_INSTRUCTION",
        IntegerDivideByZero => "EXCEPTION_INT_DIVIDE_BY_ZERO",
        IntegerOverflow => "EXCEPTION_INT_OVERFLOW",
        PrivilegedInstruction => "EXCEPTION_PRIV_INSTRUCTION",
        StackOverflow => "EXCEPTION_STACK_OVERFLOW",
        _ => string.Create(CultureInfo.InvariantCulture, $"exception 0x{(uint)code:X8}"),
    };

    /// <summary>Puts the guard page back. Without it the next overflow would end the process without a word.</summary>
    public static void RestoreStack()
    {
        if (ResetStackOverflow() == 0)
        {
            throw new InvalidOperationException("The guard page of an exhausted stack could not be put back (_resetstkoflw).");
        }
    }

    /// <summary>See <see cref="FaultHandling.Place"/>. The flush is for machines that translate x86-64 code: they remember translations.</summary>
    public static nint Place(byte[] code)
    {
        nint address = VirtualAlloc(0, (nuint)code.Length, MemoryCommit | MemoryReserve, PageReadWrite);
        if (address == 0)
        {
            throw SystemError.Last("VirtualAlloc").ToException();
        }

        code.CopyTo(new Span<byte>((void*)address, code.Length));
        return !VirtualProtect(address, (nuint)code.Length, PageExecuteRead, out _) ? throw SystemError.Last("VirtualProtect(PAGE_EXECUTE_READ)").ToException()
            : !FlushInstructionCache(GetCurrentProcess(), address, (nuint)code.Length) ? throw SystemError.Last("FlushInstructionCache").ToException()
            : address;
    }

    /// <summary>Touches every page from here down to those that overflow handling keeps for itself.</summary>
    private static void CommitStack(nuint low)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        uint guarantee = 0;
        _ = SetThreadStackGuarantee(ref guarantee);              // asks for the current size
        nuint end = low + guarantee + 4 * page;                  // the lowest page, the guard page, and one to spare on either side
        byte here;
        nuint start = (nuint)(&here) & ~(page - 1);
        end = start - end > CommitLimit ? start - CommitLimit : end;
        for (nuint address = start; address >= end; address -= page)
        {
            _ = Volatile.Read(ref *(byte*)address);
        }
    }
}
