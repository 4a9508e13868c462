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
    /// <summary>Where calls made by the host return to: nothing is ever mapped there.</summary>
    public const ulong ReturnAddress = 0xFFFF_FFFF_F000;

    /// <summary>Turns shorter than this are executed instruction by instruction.</summary>
    private const int ExactBelow = 64;

    /// <summary>The loop goes on.</summary>
    private const StopReason Entered = StopReason.TurnOver;

    private readonly Arm64Machine _machine;
    private readonly AddressSpace _space;
    private readonly PhysicalMemory _memory;
    private readonly Translator _translator;
    private readonly int _unitBits;
    private readonly ulong _wholeMask;
    private ulong _unitMask;
    private bool _isStepping;
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
        _unitMask = _wholeMask = ~((1ul << _unitBits) - 1) | 3;
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

    /// <summary>
    /// Executes exactly so many instructions, unless one stops the core. Each is fetched by itself, so this is slow; it is for watching, and for
    /// turns that end between any two instructions.
    /// </summary>
    public StopReason Step(int instructions = 1)
    {
        // No tag equals a masked address, so every instruction goes through EnterUnit.
        _unitMask = 0;
        _isStepping = true;
        try
        {
            return Run(instructions);
        }
        finally
        {
            _unitMask = _wholeMask;
            _isStepping = false;
        }
    }

    /// <summary>Executes so many instructions; a short turn ends exactly behind them, a long one at the next control transfer.</summary>
    public StopReason RunExactly(long instructions) => instructions < ExactBelow ? Step((int)instructions) : Run(instructions);

    /// <summary>
    /// Calls a function in the procedure-call standard and comes back when it returns, with its result in x0, or when it cannot. Registers keep
    /// what the callee left in them.
    /// </summary>
    /// <param name="address">The function.</param>
    /// <param name="arguments">At most eight, for x0–x7.</param>
    /// <param name="instructions">How many it may execute.</param>
    /// <param name="turn">After how many instructions the loop is entered anew.</param>
    public StopReason Call(ulong address, ReadOnlySpan<ulong> arguments, long instructions, long turn = 1 << 20)
    {
        ref CoreState state = ref State;
        for (int i = 0; i < arguments.Length; i++)
        {
            state.General[i] = arguments[i];
        }

        state.General[30] = ReturnAddress;
        state.Pc = address;
        StopReason reason = StopReason.TurnOver;
        for (long end = Retired + instructions; reason == StopReason.TurnOver && Retired < end;)
        {
            reason = Run(Math.Min(turn, end - Retired));
        }

        return reason;
    }

    /// <summary>Whether the coherence model hears of every access. Changing it costs the translations.</summary>
    public bool ReportsAccesses
    {
        get;
        set
        {
            field = value;
            ForgetTranslations();
        }
    }

    public void ForgetTranslations() => _hot->ForgetTranslations();

    public void ForgetWritable() => _hot->ForgetWritable();

    /// <summary>The next fetch of a unit asks the model again.</summary>
    public void ForgetFetch(ulong unit)
    {
        FetchEntry* entry = (FetchEntry*)&_hot->Fetches + ((unit >> _unitBits) % HotState.Entries);
        entry->Tag = entry->Tag == unit ? TranslationEntry.Invalid : entry->Tag;
    }

    /// <summary>The next fetch of every unit asks the model again.</summary>
    public void ForgetFetches() => _hot->ForgetFetches();

    public void Dispose()
    {
        NativeMemory.AlignedFree(_hot);
        _hot = null;
    }

    /// <summary>Instructions executed up to now, for code outside of the loop; right between turns too.</summary>
    public long RetiredNow => _retiredBefore - (_hot->Left / MicroOp.Bytes);

    /// <summary>Asks the fetch side for the unit at an address, or raises the exception that the fetch is.</summary>
    private StopReason EnterUnit(ulong pc, long left)
    {
        if (pc == ReturnAddress)
        {
            _hot->State.Pc = pc;
            _hot->Left = left;
            return StopReason.Returned;
        }

        FetchEntry* entry = (FetchEntry*)&_hot->Fetches + ((pc >> _unitBits) % HotState.Entries);
        if (_isStepping && entry->Tag == (pc & _wholeMask))
        {
            EnterSingle(pc, entry->Ops, entry->Tag);
            return Entered;
        }

        // Nothing of the faulting instruction has been counted, so what Raise gives back is taken here.
        _hot->State.Pc = pc;
        _hot->Left = left - MicroOp.Bytes;
        if ((pc & 3) != 0)
        {
            Raise(CoreExceptionKind.ProgramCounterAlignment);
            return StopReason.Exception;
        }

        MemoryFaultKind fault = _space.Translate(pc, PagePermissions.Execute, out int frame, out _);
        if (fault != MemoryFaultKind.None)
        {
            Raise(CoreExceptionKind.InstructionAbort, new(fault, PagePermissions.Execute, pc));
            return StopReason.Exception;
        }

        ulong unit = pc & ~((1ul << _unitBits) - 1);
        CodeUnit? code = _machine.Model.Fetch(
            this, unit, PhysicalAddress.Of(frame, (int)(unit & (PhysicalMemory.PageSize - 1))), out bool mayKeep);
        if (code is null)
        {
            Raise(CoreExceptionKind.InstructionAbort, new(MemoryFaultKind.Permission, PagePermissions.Execute, pc));
            return StopReason.Exception;
        }

        if (mayKeep)
        {
            entry->Tag = unit;
            entry->Ops = code.Ops;
        }

        if (_isStepping)
        {
            EnterSingle(pc, code.Ops, unit);
            return Entered;
        }

        _hot->UnitAddress = unit;
        _hot->UnitOps = code.Ops;
        return Entered;
    }

    /// <summary>Goes to one instruction of a unit, and no farther.</summary>
    private void EnterSingle(ulong pc, MicroOp* unit, ulong address)
    {
        _hot->UnitAddress = pc;
        _hot->UnitOps = _translator.Single(((CodeUnitHeader*)(unit - 1))->Words[(pc - address) / 4]);
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
