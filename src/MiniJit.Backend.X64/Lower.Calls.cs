// Lowering rules: function entry, calls, tail calls and returns. Where parameters and results live is told by Abi.Assign.
using System;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    // ---- entry

    protected override void EmitEntry(Block entry)
    {
        ReadOnlySpan<Value> values = Dfg.Params(entry);
        Begin((ushort)X64Form.Args);
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
                Use(Operand.DefFixed(ReferenceRegister(i), pointer.Register));
            }
        }

        if (_ownAbi.HasReturnPointer && !_ownAbi.ReturnPointer.InRegister)
        {
            Emit(X64Form.MovRm, 8, [ReturnPointer], Mem.Incoming(_ownAbi.ReturnPointer.Offset));
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

    private readonly VReg[] _referenceRegisters = new VReg[4];

    private VReg ReferenceRegister(int param) => _referenceRegisters[param] = NewInt();

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
                Emit(X64Form.Lea, 8, [registers.Low], Mem.Incoming(slot.Offset));
                return;
            case AbiSlotKind.Reference:
                AbiPart pointer = _ownAbi.Parts[slot.FirstPart];
                VReg address = pointer.InRegister ? _referenceRegisters[index] : LoadFrom(IrType.I64, Mem.Incoming(pointer.Offset));
                Emit(Sse(X64Form.Movups), 16, [registers.Low], Mem.At(address));
                return;
        }

        for (int part = 0; part < slot.PartCount; part++)
        {
            AbiPart place = _ownAbi.Parts[slot.FirstPart + part];
            if (!place.InRegister)
            {
                EmitLoadInto(place.Type, part == 0 ? registers.Low : registers.High, Mem.Incoming(place.Offset));
            }
        }
    }

    private void EmitLoadInto(IrType type, VReg target, in Mem memory)
    {
        X64Form form = type.IsInt ? X64Form.MovRm : type.Bytes <= 4 ? Sse(X64Form.Movss) : type.Bytes == 8 ? Sse(X64Form.Movsd) : Sse(X64Form.Movups);
        Emit(form, type.IsInt ? 8 : Math.Max(4, type.Bytes), [target], memory);
    }

    // ---- returns

    private void LowerReturn(Inst inst)
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
                    StoreTo(place.Extension != ArgumentExtension.None ? IrType.I64 : place.Type, value, Mem.At(ReturnPointer, place.Offset));
                }
            }
        }

        VReg structPointer = StructReturnParam();
        Begin((ushort)X64Form.Ret);
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
            Use(Operand.UseFixed(structPointer, Registers.Rax));
        }
    }

    /// <summary>The register of an sret parameter, which is returned in rax; none without one.</summary>
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
            : Extend(value, place.Type, place.Extension == ArgumentExtension.Sext, 8);

    // ---- calls

    private void LowerCall(Inst inst)
    {
        Signature signature = Function.CallSignature(inst)!;
        bool isIndirect = Dfg[inst].Opcode == Opcode.CallIndirect;
        Span<ValueRegs> args = stackalloc ValueRegs[signature.Params.Count];
        VReg callee = isIndirect ? Put(Arg(inst, 0)) : default;
        for (int i = 0; i < args.Length; i++)
        {
            args[i] = PutRegs(Arg(inst, isIndirect ? i + 1 : i));
        }

        CallTarget target = isIndirect ? new(callee) : TargetOf(Dfg[inst].FuncRef);
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

    /// <summary>What a call jumps to: a symbol in reach, or an address in a register.</summary>
    private readonly record struct CallTarget(VReg Address, int Symbol)
    {
        public CallTarget(VReg address)
            : this(address, 0)
        {
        }

        public bool IsSymbol => Address.IsNone;
    }

    private CallTarget TargetOf(FuncRef function)
    {
        ref readonly ExtFuncData data = ref Function.ExtFuncs[function.Index];
        return data.IsColocated && !settings.IsPic ? new(default, Symbol(data.Name)) : new(LoadSymbol(data.Name, 0, data.IsColocated));
    }

    private bool AssignCall(Signature signature)
    {
        Abi.Assign(signature, settings, _callAbi);
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
        ReserveOutgoing(_callAbi.ArgAreaSize + _callAbi.ReturnAreaSize);
        CopyStructs(signature, args);
        Span<VReg> inRegisters = stackalloc VReg[_callAbi.Parts.Count];
        PlaceArguments(args, inRegisters, tail: false);
        VReg returnPointer = default;
        if (_callAbi.HasReturnPointer)
        {
            returnPointer = Lea(8, Mem.Outgoing(_callAbi.ArgAreaSize));
            if (!_callAbi.ReturnPointer.InRegister)
            {
                StoreTo(IrType.I64, returnPointer, Mem.Outgoing(_callAbi.ReturnPointer.Offset));
            }
        }

        ref MachineInst call = ref Begin((ushort)(target.IsSymbol ? X64Form.CallSymbol : X64Form.CallIndirect));
        call.Flags = MachineInstFlags.Call;
        call.Data = target.Symbol;
        call.Imm = _callAbi.CalleePops ? _callAbi.ArgAreaSize : 0;
        RegSet clobbers = DefineResults(results, _callAbi.Clobbers);
        UseArguments(inRegisters, returnPointer);
        if (!target.IsSymbol)
        {
            Use(Operand.Use(target.Address));
        }

        Current.Clobbers = ClobberSet(clobbers);
        LoadMemoryResults(results);
    }

    private RegSet DefineResults(Span<ValueRegs> results, RegSet clobbers)
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
                    Use(Operand.DefFixed(part == 0 ? results[i].Low : results[i].High, place.Register));
                    clobbers = clobbers.Without(place.Register);
                }
            }
        }

        return clobbers;
    }

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
                    EmitExactLoadInto(place.Type, part == 0 ? results[i].Low : results[i].High, Mem.Outgoing(_callAbi.ArgAreaSize + place.Offset));
                }
            }
        }
    }

    // Return areas may be packed (winch): never read past the value.
    private void EmitExactLoadInto(IrType type, VReg target, in Mem memory)
    {
        if (type.IsInt && type.Bytes < 4)
        {
            Emit(type.Bytes == 1 ? X64Form.MovzxByte : X64Form.MovzxWord, 4, [target], memory);
        }
        else if (type.IsInt)
        {
            Emit(X64Form.MovRm, type.Bytes, [target], memory);
        }
        else
        {
            EmitLoadInto(type, target, memory);
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
                Emit(Sse(X64Form.MovupsStore), 16, [args[i].Low], Mem.Outgoing(slot.Offset));
            }

            for (int offset = 0; slot.Kind == AbiSlotKind.StructOnStack && offset < slot.Size; offset += 8)
            {
                VReg word = LoadFrom(IrType.I64, Mem.At(args[i].Low, offset));
                StoreTo(IrType.I64, word, Mem.Outgoing(slot.Offset + offset));
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
                    ? Lea(8, Mem.Outgoing(slot.Offset))
                    : Widen(part == 0 ? args[i].Low : args[i].High, place);
                inRegisters[slot.FirstPart + part] = value;
                if (!place.InRegister)
                {
                    Mem target = tail ? Mem.Tail(place.Offset - _callAbi.ArgAreaSize) : Mem.Outgoing(place.Offset);
                    StoreTo(place.Type.IsInt ? IrType.I64 : place.Type, value, target);
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

    private void LowerTailCall(Inst inst)
    {
        Signature signature = Function.CallSignature(inst)!;
        bool isIndirect = Dfg[inst].Opcode == Opcode.ReturnCallIndirect;
        VReg callee = isIndirect ? Put(Arg(inst, 0)) : default;
        Span<ValueRegs> args = stackalloc ValueRegs[signature.Params.Count];
        for (int i = 0; i < args.Length; i++)
        {
            args[i] = PutRegs(Arg(inst, isIndirect ? i + 1 : i));
        }

        CallTarget target = isIndirect ? new(callee) : TargetOf(Dfg[inst].FuncRef);
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
            StoreTo(IrType.I64, returnPointer, Mem.Tail(_callAbi.ReturnPointer.Offset - _callAbi.ArgAreaSize));
        }

        ref MachineInst call = ref Begin((ushort)(target.IsSymbol ? X64Form.TailCallSymbol : X64Form.TailCallIndirect));
        call.Flags = MachineInstFlags.Terminator;
        call.Data = target.Symbol;
        call.Imm = _callAbi.ArgAreaSize;
        UseArguments(inRegisters, returnPointer);
        if (!target.IsSymbol)
        {
            // rax carries no argument and survives the epilogue.
            Use(Operand.UseFixed(target.Address, Registers.Rax));
        }
    }

    // ---- library calls

    private readonly Signature _librarySignature = new(CallConv.SystemV);

    /// <summary>Calls a run-time routine whose parameters and result all have one float or vector type.</summary>
    private VReg CallLibrary(LibCall routine, IrType type, ReadOnlySpan<Value> values)
    {
        Span<VReg> registers = stackalloc VReg[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            registers[i] = Put(values[i]);
        }

        return CallLibrary(routine, type, registers);
    }

    private VReg CallLibrary(LibCall routine, IrType type, ReadOnlySpan<VReg> registers)
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
        ExternalName name = ExternalName.Library(routine);
        CallTarget target = settings.UseColocatedLibcalls && !settings.IsPic ? new(default, Symbol(name)) : new(LoadSymbol(name, 0, colocated: false));
        if (!AssignCall(_librarySignature))
        {
            return NewFloat();
        }

        Span<ValueRegs> results = stackalloc ValueRegs[1];
        EmitCall(_librarySignature, target, args, results);
        return results[0].Low;
    }
}
