// One core: registers, translation caches, exclusive monitor, and the loop that executes (Core.Dispatch.cs). What is rare is in the
// other parts: transfers that miss (Core.Memory.cs), exclusive and atomic accesses (Core.Ordered.cs), system instructions (Core.System.cs).
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Machine;

/// <summary>How an instruction outside of the loop ended.</summary>
internal enum Outcome : byte
{
    /// <summary>Go on with the next micro-op.</summary>
    Next,

    /// <summary>Go on at the program counter, by way of the fetch side.</summary>
    Refetch,

    SupervisorCall,

    Exception,
}

internal sealed unsafe partial class Core : IDataAccess, IDisposable
{
    private readonly Arm64Machine _machine;
    private readonly AddressSpace _space;
    private readonly PhysicalMemory _memory;
    private readonly Translator _translator;
    private readonly int _unitBits;
    private readonly ulong _unitMask;
    private HotState* _hot;
    private long _retiredBefore;

    public Core(Arm64Machine machine, int number)
    {
        _machine = machine;
        _space = machine.Space;
        _memory = machine.Space.Memory;
        _translator = machine.Translator;
        _unitBits = machine.Model.UnitBits;

        // The low two bits stay: an unaligned program counter equals no tag.
        _unitMask = ~((1ul << _unitBits) - 1) | 3;
        Number = number;
        _hot = (HotState*)NativeMemory.AlignedAlloc((nuint)sizeof(HotState), 64);
        *_hot = default;
        ForgetTranslations();
        ForgetFetches();
    }

    public int Number { get; }

    public ref CoreState State => ref _hot->State;

    /// <summary>The last exception.</summary>
    public CoreException Exception { get; private set; }

    /// <summary>Instructions executed since the core was made, the current turn's included once it is over.</summary>
    public long Retired { get; private set; }

    /// <summary>Executes at most about <paramref name="instructions"/> instructions: the turn ends at the first control transfer behind them.</summary>
    public StopReason Run(long instructions)
    {
        _hot->Left = instructions * MicroOp.Bytes;
        _retiredBefore = Retired + instructions;
        StopReason reason = Dispatch();
        Retired = RetiredNow;
        return reason;
    }

    public void ForgetTranslations() => _hot->ForgetTranslations();

    public void ForgetWritable() => _hot->ForgetWritable();

    /// <summary>The next fetch of every unit asks the model again.</summary>
    public void ForgetFetches() => _hot->ForgetFetches();

    public void Dispose()
    {
        NativeMemory.AlignedFree(_hot);
        _hot = null;
    }

    /// <summary>Instructions executed up to now, for code outside of the loop.</summary>
    private long RetiredNow => _retiredBefore - (_hot->Left / MicroOp.Bytes);

    /// <summary>Asks the fetch side for the unit at an address, or raises the exception that the fetch is.</summary>
    private bool EnterUnit(ulong pc, long left)
    {
        // Nothing of the faulting instruction has been counted, so what Raise gives back is taken here.
        _hot->State.Pc = pc;
        _hot->Left = left - MicroOp.Bytes;
        if ((pc & 3) != 0)
        {
            Raise(CoreExceptionKind.ProgramCounterAlignment);
            return false;
        }

        MemoryFaultKind fault = _space.Translate(pc, PagePermissions.Execute, out int frame, out _);
        if (fault != MemoryFaultKind.None)
        {
            Raise(CoreExceptionKind.InstructionAbort, new(fault, PagePermissions.Execute, pc));
            return false;
        }

        ulong unit = pc & _unitMask;
        CodeUnit code = _machine.Model.Fetch(
            this, unit, PhysicalAddress.Of(frame, (int)(unit & (PhysicalMemory.PageSize - 1))), out bool mayKeep);
        _hot->UnitAddress = unit;
        _hot->UnitOps = code.Ops;
        if (mayKeep)
        {
            FetchEntry* entry = (FetchEntry*)&_hot->Fetches + ((pc >> _unitBits) % HotState.Entries);
            entry->Tag = unit;
            entry->Ops = code.Ops;
        }

        return true;
    }

    private Outcome Raise(CoreExceptionKind kind, MemoryFault fault = default)
    {
        uint word = 0;
        ulong pc = _hot->State.Pc;
        if (kind is not (CoreExceptionKind.InstructionAbort or CoreExceptionKind.ProgramCounterAlignment))
        {
            word = ((CodeUnitHeader*)(_hot->UnitOps - 1))->Words[(pc - _hot->UnitAddress) / 4];
        }

        // The instruction did not happen: it is not counted.
        _hot->Left += MicroOp.Bytes;
        Exception = new(kind, pc, word, fault);
        _monitor = default;
        _machine.Model.Synchronize(this, ContextEvent.ExceptionEntry);
        return Outcome.Exception;
    }
}
