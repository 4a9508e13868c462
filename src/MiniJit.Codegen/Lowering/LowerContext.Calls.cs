// Lowering of function entries, calls, tail calls and returns. Which register or stack offset a part of a value has is the calling
// convention's business (AbiAssignment); how a part is loaded, stored or widened is the ISA's (the hooks at the end).
using System;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.Codegen.Settings;
using MiniJit.IR;

namespace MiniJit.Codegen.Lowering;

/// <summary>The ISA's names of what every function needs.</summary>
/// <param name="Args">[defs: incoming register arguments, fixed].</param>
/// <param name="Return">Terminator. [uses: results, fixed].</param>
/// <param name="CallSymbol">[defs: results, uses: arguments, fixed]. Data: symbol. Imm: bytes of arguments that the callee pops.</param>
/// <param name="CallIndirect">The same with the target as the last operand.</param>
/// <param name="TailCallSymbol">Terminator. [uses: arguments, fixed]. Data: symbol. Imm: bytes of its stack arguments.</param>
/// <param name="TailCallIndirect">The same with the target as the last operand.</param>
/// <param name="TailTarget">Where a tail call finds its target: a register that carries no argument and survives the epilogue.</param>
/// <param name="StructReturn">Where the pointer of an sret parameter is returned.</param>
/// <param name="Payload">Where an exception's payload arrives.</param>
/// <param name="StackSwitch">[def: payload, uses: context to store to, context to load from, payload, fixed].</param>
/// <param name="SwitchContexts">Where a switch of stacks finds its two contexts.</param>
/// <param name="SwitchPayload">In what it passes its payload on.</param>
internal sealed record CallForms(
    ushort Args, ushort Return, ushort CallSymbol, ushort CallIndirect, ushort TailCallSymbol, ushort TailCallIndirect, PReg TailTarget,
    PReg StructReturn, (PReg First, PReg Second) Payload, ushort StackSwitch, (PReg Store, PReg Load) SwitchContexts, PReg SwitchPayload);

/// <summary>An area that <see cref="AbiPlace.Offset"/> counts from.</summary>
internal enum AbiArea : byte
{
    /// <summary>What <see cref="AbiPlace.Base"/> points to.</summary>
    Pointer,

    /// <summary>Stack arguments of the function.</summary>
    Incoming,

    /// <summary>Stack arguments and return area of a call.</summary>
    Outgoing,

    /// <summary>Stack arguments of a tail call, from the end of the area down.</summary>
    Tail,
}

/// <summary>A part's place in memory.</summary>
internal readonly record struct AbiPlace(AbiArea Area, VReg Base, int Offset)
{
    public static AbiPlace At(VReg pointer, int offset) => new(AbiArea.Pointer, pointer, offset);

    public static AbiPlace Incoming(int offset) => new(AbiArea.Incoming, default, offset);

    public static AbiPlace Outgoing(int offset) => new(AbiArea.Outgoing, default, offset);

    public static AbiPlace Tail(int offset) => new(AbiArea.Tail, default, offset);
}

internal abstract partial class LowerContext
{
    private const int MaxBlockPaddingLog2 = 20;

    private readonly AbiAssignment _ownAbi = new(), _callAbi = new();
    private readonly Signature _librarySignature = new(CallConv.SystemV);
    private readonly VReg[] _referenceRegisters = new VReg[4];
    private VReg _returnPointer;                               // of the hidden return area

    /// <summary>What a call jumps to: a symbol in reach, or an address in a register.</summary>
    private readonly record struct CallTarget(VReg Address, int Symbol)
    {
        public CallTarget(VReg address)
            : this(address, 0)
        {
        }

        public bool IsSymbol => Address.IsNone;
    }

    /// <summary>The assignment of the function's own signature.</summary>
    public AbiAssignment OwnAbi => _ownAbi;

    /// <summary>Where the prologue finds the stack limit.</summary>
    public StackLimit StackLimit { get; private set; }

    /// <summary>Largest stack-argument area that a tail call of this function needs.</summary>
    public int TailArgSize { get; private set; }

    /// <summary>Whether the function calls anything, tail calls included.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Whether the function calls anything that returns to it.</summary>
    public bool HasReturningCalls { get; private set; }

    /// <summary>The frame that the function needs, before saved registers and offsets are known.</summary>
    public FrameLayout FrameFor(AllocationResult allocation) => new()
    {
        OutgoingArgs = OutgoingArgSize,
        StackSlotsSize = StackSlotSize,
        SpillSize = allocation.SpillWords * 8,
        IncomingArgs = _ownAbi.ArgAreaSize,
        TailArgs = TailArgSize,
        BlockPadding = settings.BbPaddingLog2MinusOne == 0 ? 0 : 1 << (settings.BbPaddingLog2MinusOne - 1),
        HasCalls = HasCalls,
        Limit = StackLimit,
        CalleePopsArgs = _ownAbi.CalleePops,
        ProbeStep = settings.EnableProbestack ? 1 << settings.ProbestackSizeLog2 : 0,
    };

    private void BeginCalls()
    {
        HasCalls = false;
        HasReturningCalls = false;
        OutgoingArgSize = 0;
        TailArgSize = 0;
        _returnPointer = default;
        AssignAbi(Function.Signature, _ownAbi);
        if (settings.BbPaddingLog2MinusOne > MaxBlockPaddingLog2)
        {
            Fail($"unsupported: bb_padding_log2_minus_one above {MaxBlockPaddingLog2}");
        }

        StackLimit limit = default;
        if ((_ownAbi.Error ?? limit.Find(Function, _ownAbi)) is { } error)
        {
            Fail(error);
        }

        StackLimit = limit;
    }

    // ---- entry

    /// <summary>Emits the entry sequence: parameters out of the places the convention gives them.</summary>
    private void EmitEntry(Block entry)
    {
        ReadOnlySpan<Value> values = Dfg.Params(entry);
        Begin(CallForms.Args);
        if (_ownAbi.HasReturnPointer && _ownAbi.ReturnPointer.InRegister)
        {
            Use(Operand.DefFixed(ReturnPointer, _ownAbi.ReturnPointer.Register));
        }

        for (int i = 0; i < values.Length; i++)
        {
            ref AbiSlot slot = ref _ownAbi.Params[i];
            if (slot.Kind == AbiSlotKind.Parts)
            {
                DefineRegisterParts(slot, RegsOf(values[i]));
            }
            else if (slot.Kind == AbiSlotKind.Reference && _ownAbi.Parts[slot.FirstPart] is { InRegister: true } pointer)
            {
                Use(Operand.DefFixed(_referenceRegisters[i] = NewInt(), pointer.Register));
            }
        }

        if (_ownAbi.HasReturnPointer && !_ownAbi.ReturnPointer.InRegister)
        {
            LoadPart(IrType.I64, ReturnPointer, AbiPlace.Incoming(_ownAbi.ReturnPointer.Offset));
        }

        for (int i = 0; i < values.Length; i++)
        {
            LoadStackParam(i, values[i]);
        }
    }

    /// <summary>The register that holds the return-area pointer for the whole function.</summary>
    private VReg ReturnPointer
    {
        get
        {
            if (_returnPointer.IsNone)
            {
                _returnPointer = NewInt();
            }

            return _returnPointer;
        }
    }

    private void DefineRegisterParts(in AbiSlot slot, ValueRegs registers)
    {
        for (int part = 0; part < slot.PartCount; part++)
        {
            AbiPart place = _ownAbi.Parts[slot.FirstPart + part];
            if (place.InRegister)
            {
                Use(Operand.DefFixed(part == 0 ? registers.Low : registers.High, place.Register));
            }
        }
    }

    private void LoadStackParam(int index, Value value)
    {
        ref AbiSlot slot = ref _ownAbi.Params[index];
        if (!IsNeeded(value))
        {
            return;
        }

        ValueRegs registers = RegsOf(value);
        switch (slot.Kind)
        {
            case AbiSlotKind.StructOnStack:
                LoadAddress(registers.Low, AbiPlace.Incoming(slot.Offset));
                return;
            case AbiSlotKind.Reference:
                AbiPart pointer = _ownAbi.Parts[slot.FirstPart];
                VReg address = pointer.InRegister ? _referenceRegisters[index] : NewInt();
                if (!pointer.InRegister)
                {
                    LoadPart(IrType.I64, address, AbiPlace.Incoming(pointer.Offset));
                }

                LoadPart(TypeOf(value), registers.Low, AbiPlace.At(address, 0));
                return;
        }

        for (int part = 0; part < slot.PartCount; part++)
        {
            AbiPart place = _ownAbi.Parts[slot.FirstPart + part];
            if (!place.InRegister)
            {
                LoadPart(StackType(place, _ownAbi), part == 0 ? registers.Low : registers.High, AbiPlace.Incoming(place.Offset));
            }
        }
    }

    /// <summary>What a stack argument occupies: whole words for integers, unless the convention packs them.</summary>
    private static IrType StackType(in AbiPart part, AbiAssignment abi) =>
        part.Type.IsInt && !abi.PacksStackArgs ? IrType.I64 : part.Type;

    // ---- returns

    protected void LowerReturn(Inst inst)
    {
        int count = Dfg.Args(inst).Length;
        Span<VReg> parts = stackalloc VReg[_ownAbi.Parts.Count + 1];
        for (int i = 0; i < count; i++)
        {
            ref AbiSlot slot = ref _ownAbi.Returns[i];
            ValueRegs registers = PutRegs(Arg(inst, i));
            for (int part = 0; part < slot.PartCount; part++)
            {
                AbiPart place = _ownAbi.Parts[slot.FirstPart + part];
                VReg value = Widen(part == 0 ? registers.Low : registers.High, place);
                parts[slot.FirstPart + part] = value;
                if (!place.InRegister)
                {
                    StorePart(place.Extension != ArgumentExtension.None ? IrType.I64 : place.Type, value, AbiPlace.At(ReturnPointer, place.Offset));
                }
            }
        }

        VReg structPointer = StructReturnParam();
        Begin(CallForms.Return);
        Current.Flags = MachineInstFlags.Terminator;
        for (int i = 0; i < count; i++)
        {
            ref AbiSlot slot = ref _ownAbi.Returns[i];
            for (int part = slot.FirstPart; part < slot.FirstPart + slot.PartCount; part++)
            {
                if (_ownAbi.Parts[part].InRegister)
                {
                    Use(Operand.UseFixed(parts[part], _ownAbi.Parts[part].Register));
                }
            }
        }

        if (!structPointer.IsNone)
        {
            Use(Operand.UseFixed(structPointer, CallForms.StructReturn));
        }
    }

    /// <summary>The register of an sret parameter, which is returned too; none without one.</summary>
    private VReg StructReturnParam()
    {
        for (int i = 0; i < Function.Signature.Params.Count; i++)
        {
            if (Function.Signature.Params[i].Purpose == ArgumentPurpose.StructReturn && Function.Signature.Returns.Count == 0)
            {
                return Put(Dfg.Resolve(Dfg.Params(Function.Layout.EntryBlock)[i]));
            }
        }

        return default;
    }

    /// <summary>Extends a narrow integer to 64 bits where its attribute asks for it.</summary>
    private VReg Widen(VReg value, in AbiPart place) =>
        place.Extension == ArgumentExtension.None || !place.Type.IsInt || place.Type.Bits >= 64
            ? value
            : ExtendTo64(value, place.Type, place.Extension == ArgumentExtension.Sext);

    // ---- calls

    protected void LowerCall(Inst inst)
    {
        Signature signature = Function.CallSignature(inst)!;
        bool isIndirect = Dfg[inst].Opcode == Opcode.CallIndirect;
        Span<ValueRegs> args = stackalloc ValueRegs[signature.Params.Count];
        CallTarget target = PutOperands(inst, isIndirect, args);
        if (!AssignCall(signature))
        {
            return;
        }

        int resultCount = signature.Returns.Count;
        Span<ValueRegs> results = stackalloc ValueRegs[resultCount];
        EmitCall(signature, target, args, results);
        for (int i = 0; i < resultCount; i++)
        {
            SetResult(inst, i, results[i]);
        }
    }

    private CallTarget PutOperands(Inst inst, bool isIndirect, Span<ValueRegs> args)
    {
        VReg callee = isIndirect ? Put(Arg(inst, 0)) : default;
        for (int i = 0; i < args.Length; i++)
        {
            args[i] = PutRegs(Arg(inst, isIndirect ? i + 1 : i));
        }

        if (isIndirect)
        {
            return new(callee);
        }

        ref readonly ExtFuncData data = ref Function.ExtFuncs[Dfg[inst].FuncRef.Index];
        return TargetOf(data.Name, data.IsColocated);
    }

    private CallTarget TargetOf(ExternalName name, bool colocated) =>
        colocated && !settings.IsPic ? new(default, Symbol(name)) : new(LoadSymbol(name, 0, colocated));

    private bool AssignCall(Signature signature)
    {
        AssignAbi(signature, _callAbi);
        if (_callAbi.Error is { } error)
        {
            Fail(error);
            return false;
        }

        HasCalls = true;
        return true;
    }

    /// <summary>Emits a call whose convention <c>_callAbi</c> describes: copies, stack arguments, the call, results.</summary>
    private void EmitCall(Signature signature, CallTarget target, ReadOnlySpan<ValueRegs> args, Span<ValueRegs> results)
    {
        Span<VReg> inRegisters = stackalloc VReg[_callAbi.Parts.Count];
        VReg returnPointer = PassArguments(signature, args, inRegisters);
        BeginCall(target, MachineInstFlags.Call);
        RegSet clobbers = DefineResults(results, OperandPos.Late, _callAbi.Clobbers);
        EndCall(target, inRegisters, returnPointer, clobbers);
        LoadMemoryResults(results);
    }

    /// <summary>Puts arguments where they are passed in memory, the others into registers. Returns the pointer to the return area, if there is one.</summary>
    private VReg PassArguments(Signature signature, ReadOnlySpan<ValueRegs> args, Span<VReg> inRegisters)
    {
        HasReturningCalls = true;
        ReserveOutgoing(_callAbi.ArgAreaSize + _callAbi.ReturnAreaSize);
        CopyStructs(signature, args);
        PlaceArguments(args, inRegisters, tail: false);
        VReg returnPointer = default;
        if (_callAbi.HasReturnPointer)
        {
            returnPointer = AddressOf(AbiPlace.Outgoing(_callAbi.ArgAreaSize));
            if (!_callAbi.ReturnPointer.InRegister)
            {
                StorePart(IrType.I64, returnPointer, AbiPlace.Outgoing(_callAbi.ReturnPointer.Offset));
            }
        }

        return returnPointer;
    }

    private ref MachineInst BeginCall(CallTarget target, MachineInstFlags flags)
    {
        ref MachineInst call = ref Begin(target.IsSymbol ? CallForms.CallSymbol : CallForms.CallIndirect);
        call.Flags = flags;
        call.Data = target.Symbol;
        call.Imm = _callAbi.CalleePops ? _callAbi.ArgAreaSize : 0;
        return ref call;
    }

    private void EndCall(CallTarget target, ReadOnlySpan<VReg> inRegisters, VReg returnPointer, RegSet clobbers)
    {
        UseArguments(inRegisters, returnPointer);
        if (!target.IsSymbol)
        {
            Use(Operand.Use(target.Address));
        }

        Current.Clobbers = ClobberSet(clobbers);
    }

    private VReg AddressOf(in AbiPlace place)
    {
        VReg address = NewInt();
        LoadAddress(address, place);
        return address;
    }

    private RegSet DefineResults(Span<ValueRegs> results, OperandPos pos, RegSet clobbers)
    {
        for (int i = 0; i < results.Length; i++)
        {
            ref AbiSlot slot = ref _callAbi.Returns[i];
            results[i] = slot.PartCount == 2 ? new(NewInt(), NewInt()) : NewRegs(_callAbi.Parts[slot.FirstPart].Type);
            for (int part = 0; part < slot.PartCount; part++)
            {
                AbiPart place = _callAbi.Parts[slot.FirstPart + part];
                if (place.InRegister)
                {
                    Use(Operand.DefFixed(part == 0 ? results[i].Low : results[i].High, place.Register) with { Pos = pos });
                    clobbers = clobbers.Without(place.Register);
                }
            }
        }

        return clobbers;
    }

    // Return areas may be packed (winch): a result is loaded as what it is.
    private void LoadMemoryResults(ReadOnlySpan<ValueRegs> results)
    {
        for (int i = 0; i < results.Length; i++)
        {
            ref AbiSlot slot = ref _callAbi.Returns[i];
            for (int part = 0; part < slot.PartCount; part++)
            {
                AbiPart place = _callAbi.Parts[slot.FirstPart + part];
                if (!place.InRegister)
                {
                    LoadPart(place.Type, part == 0 ? results[i].Low : results[i].High, AbiPlace.Outgoing(_callAbi.ArgAreaSize + place.Offset));
                }
            }
        }
    }

    /// <summary>Copies by-value structs and referenced values into the outgoing area, before other arguments are loaded into registers.</summary>
    private void CopyStructs(Signature signature, ReadOnlySpan<ValueRegs> args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            AbiSlot slot = _callAbi.Params[i];
            if (slot.Kind == AbiSlotKind.Reference)
            {
                StorePart(signature.Params[i].Type, args[i].Low, AbiPlace.Outgoing(slot.Offset));
            }

            for (int offset = 0; slot.Kind == AbiSlotKind.StructOnStack && offset < slot.Size; offset += 8)
            {
                VReg word = NewInt();
                LoadPart(IrType.I64, word, AbiPlace.At(args[i].Low, offset));
                StorePart(IrType.I64, word, AbiPlace.Outgoing(slot.Offset + offset));
            }
        }
    }

    /// <summary>Stores stack arguments and collects the registers of the others, extended where the convention asks for it.</summary>
    private void PlaceArguments(ReadOnlySpan<ValueRegs> args, Span<VReg> inRegisters, bool tail)
    {
        for (int i = 0; i < args.Length; i++)
        {
            AbiSlot slot = _callAbi.Params[i];
            for (int part = 0; part < slot.PartCount; part++)
            {
                AbiPart place = _callAbi.Parts[slot.FirstPart + part];
                VReg value = slot.Kind == AbiSlotKind.Reference
                    ? AddressOf(AbiPlace.Outgoing(slot.Offset))
                    : Widen(part == 0 ? args[i].Low : args[i].High, place);
                inRegisters[slot.FirstPart + part] = value;
                if (!place.InRegister)
                {
                    AbiPlace target = tail ? AbiPlace.Tail(place.Offset - _callAbi.ArgAreaSize) : AbiPlace.Outgoing(place.Offset);
                    StorePart(StackType(place, _callAbi), value, target);
                }
            }
        }
    }

    private void UseArguments(ReadOnlySpan<VReg> inRegisters, VReg returnPointer)
    {
        if (!returnPointer.IsNone && _callAbi.ReturnPointer.InRegister)
        {
            Use(Operand.UseFixed(returnPointer, _callAbi.ReturnPointer.Register));
        }

        foreach (ref AbiSlot slot in _callAbi.Params.Span)
        {
            for (int part = slot.FirstPart; part < slot.FirstPart + slot.PartCount; part++)
            {
                if (_callAbi.Parts[part].InRegister)
                {
                    Use(Operand.UseFixed(inRegisters[part], _callAbi.Parts[part].Register));
                }
            }
        }
    }

    // ---- tail calls

    protected void LowerTailCall(Inst inst)
    {
        Signature signature = Function.CallSignature(inst)!;
        Span<ValueRegs> args = stackalloc ValueRegs[signature.Params.Count];
        CallTarget target = PutOperands(inst, Dfg[inst].Opcode == Opcode.ReturnCallIndirect, args);
        if (!AssignCall(signature))
        {
            return;
        }

        TailArgSize = Math.Max(TailArgSize, _callAbi.ArgAreaSize);
        Span<VReg> inRegisters = stackalloc VReg[_callAbi.Parts.Count];
        PlaceArguments(args, inRegisters, tail: true);

        // The callee's results are the caller's own, so it writes them where this function's caller wants them.
        VReg returnPointer = _callAbi.HasReturnPointer ? ReturnPointer : default;
        if (_callAbi.HasReturnPointer && !_callAbi.ReturnPointer.InRegister)
        {
            StorePart(IrType.I64, returnPointer, AbiPlace.Tail(_callAbi.ReturnPointer.Offset - _callAbi.ArgAreaSize));
        }

        ref MachineInst call = ref Begin(target.IsSymbol ? CallForms.TailCallSymbol : CallForms.TailCallIndirect);
        call.Flags = MachineInstFlags.Terminator;
        call.Data = target.Symbol;
        call.Imm = _callAbi.ArgAreaSize;
        UseArguments(inRegisters, returnPointer);
        if (!target.IsSymbol)
        {
            Use(Operand.UseFixed(target.Address, CallForms.TailTarget));
        }
    }

    // ---- stacks

    // What another stack's code leaves in registers is its own business: all but the payload are lost.
    protected VReg LowerStackSwitch(Inst inst)
    {
        if (settings.StackSwitchModel != StackSwitchModel.Basic)
        {
            return Unsupported(inst);
        }

        HasCalls = true;
        HasReturningCalls = true;
        VReg store = Put(Arg(inst, 0)), load = Put(Arg(inst, 1)), payload = Put(Arg(inst, 2)), result = NewInt();
        ref MachineInst form = ref Begin(CallForms.StackSwitch);
        form.Flags = MachineInstFlags.Call;
        form.Clobbers = ClobberSet(_ownAbi.ThrowClobbers.Without(CallForms.SwitchPayload));
        Use(Operand.DefFixed(result, CallForms.SwitchPayload));
        Use(Operand.UseFixed(store, CallForms.SwitchContexts.Store));
        Use(Operand.UseFixed(load, CallForms.SwitchContexts.Load));
        Use(Operand.UseFixed(payload, CallForms.SwitchPayload));
        return result;
    }

    // ---- library calls

    /// <summary>Calls a run-time routine whose parameters and result all have one float or vector type.</summary>
    protected VReg CallLibrary(LibCall routine, IrType type, ReadOnlySpan<Value> values)
    {
        Span<VReg> registers = stackalloc VReg[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            registers[i] = Put(values[i]);
        }

        return CallLibrary(routine, type, registers);
    }

    protected VReg CallLibrary(LibCall routine, IrType type, ReadOnlySpan<VReg> registers)
    {
        _librarySignature.Params.Clear();
        _librarySignature.Returns.Clear();
        _librarySignature.CallConv = libraryConvention;
        Span<ValueRegs> args = stackalloc ValueRegs[registers.Length];
        for (int i = 0; i < registers.Length; i++)
        {
            _librarySignature.Params.Add(new(type));
            args[i] = registers[i];
        }

        _librarySignature.Returns.Add(new(type));
        CallTarget target = TargetOf(ExternalName.Library(routine), settings.UseColocatedLibcalls);
        if (!AssignCall(_librarySignature))
        {
            return NewFloat();
        }

        Span<ValueRegs> results = stackalloc ValueRegs[1];
        EmitCall(_librarySignature, target, args, results);
        return results[0].Low;
    }

    // ---- the ISA's part

    protected abstract CallForms CallForms { get; }

    /// <summary>Assigns places to the parameters and results of a signature.</summary>
    protected abstract void AssignAbi(Signature signature, AbiAssignment assignment);

    /// <summary>Loads exactly a value of this type.</summary>
    protected abstract void LoadPart(IrType type, VReg target, in AbiPlace place);

    /// <summary>Stores exactly a value of this type.</summary>
    protected abstract void StorePart(IrType type, VReg value, in AbiPlace place);

    protected abstract void LoadAddress(VReg target, in AbiPlace place);

    protected abstract VReg ExtendTo64(VReg value, IrType from, bool signed);

    /// <summary>The address of a symbol plus an offset.</summary>
    protected abstract VReg LoadSymbol(ExternalName name, long offset, bool colocated);
}
