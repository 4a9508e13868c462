// Rules of single opcodes and families that the opcode table does not state.
using System;

namespace MiniJit.IR.Verification;

public sealed partial class Verifier
{
    private const int ShuffleBytes = 16, ShuffleMaximum = 31;

    // Rules that look at operand types are left out when an operand does not exist.
    private void CheckOpcodeRules(Inst inst, OpcodeInfo info, bool isTyped)
    {
        if (info.Format is >= InstructionFormat.Call and <= InstructionFormat.TryCallIndirect)
        {
            CheckCall(inst, info, isTyped);
            return;
        }

        if (info.Format is >= InstructionFormat.Load and <= InstructionFormat.AtomicCas)
        {
            CheckMemory(inst, info, isTyped);
            return;
        }

        switch (info.Opcode)
        {
            case Opcode.Return when isTyped:
                CheckReturn(inst);
                break;
            case Opcode.Iconst:
                CheckIconst(inst);
                break;
            case Opcode.Vconst:
                CheckConstant(inst, _dfg[inst].Type);
                break;
            case Opcode.F128const:
                CheckConstant(inst, IrType.F128);
                break;
            case Opcode.Insertlane or Opcode.Extractlane when isTyped:
                CheckLane(inst);
                break;
            case Opcode.Shuffle:
                CheckShuffle(inst);
                break;
            case Opcode.SymbolValue or Opcode.TlsValue:
                CheckSymbol(inst);
                break;
            case Opcode.GetPinnedReg or Opcode.SetPinnedReg:
                CheckSetting(inst, "enable_pinned_reg", _options.EnablePinnedReg);
                break;
            case Opcode.GetFramePointer or Opcode.GetReturnAddress:
                CheckSetting(inst, "preserve_frame_pointers", _options.PreserveFramePointers);
                break;
            case Opcode.GetExceptionHandlerAddress:
                CheckHandlerAddress(inst);
                break;
        }
    }

    private void CheckMemory(Inst inst, OpcodeInfo info, bool isTyped)
    {
        MemFlags flags = _dfg.MemFlagsOf(inst);
        CheckRegion(EntityRef.Of(inst), flags);
        if (info.Opcode == Opcode.Bitcast)
        {
            if (isTyped)
            {
                CheckBitcast(inst, flags);
            }

            return;
        }

        if (info.Format == InstructionFormat.Store && flags.IsReadonly)
        {
            Report(inst, VerifierId.ReadonlyStore, "A store instruction cannot have the `readonly` MemFlag");
        }

        if (_options.HasTarget && isTyped)
        {
            bool isStore = info.Format is InstructionFormat.Store or InstructionFormat.StoreNoOffset;
            Value address = _dfg.Args(inst)[isStore ? 1 : 0];
            int bits = _dfg.TypeOf(address).Bits, expected = _options.PointerType.Bits;
            if (bits != expected)
            {
                Report(inst, VerifierId.PointerWidth, $"invalid pointer width (got {bits}, expected {expected}) encountered {address}");
            }
        }
    }

    private void CheckBitcast(Inst inst, MemFlags flags)
    {
        Value x = _dfg.Args(inst)[0];
        IrType from = _dfg.TypeOf(x), to = _dfg[inst].Type;
        if (flags != MemFlags.Default && flags != MemFlags.Default.WithLittle() && flags != MemFlags.Default.WithBig())
        {
            Report(inst, VerifierId.Bitcast, "The bitcast instruction only accepts the `big` or `little` memory flags");
        }

        if (from.Bits != to.Bits)
        {
            Report(inst, VerifierId.Bitcast, $"The bitcast argument {x} has a type of {from.Bits} bits, which doesn't match an expected type of {to.Bits} bits");
        }

        if (from.LaneCount != to.LaneCount && !flags.IsLittle && !flags.IsBig)
        {
            Report(inst, VerifierId.Bitcast, "Byte order specifier required for bitcast instruction changing lane count");
        }
    }

    private void CheckIconst(Inst inst)
    {
        ref InstructionData data = ref _dfg[inst];
        int unused = 64 - data.Type.Bits;
        if (unused > 0 && data.Imm << unused >> unused != data.Imm)
        {
            Report(inst, VerifierId.Constant, "constant immediate is out of bounds");
        }
    }

    private void CheckConstant(Inst inst, IrType type)
    {
        Constant constant = _dfg[inst].Constant;
        int length = _function.ConstantData(constant).Length;
        if (length != type.Bytes)
        {
            Report(inst, VerifierId.Constant, $"The instruction expects {constant} to have a size of {type.Bytes} bytes but it has {length}");
        }
    }

    private void CheckLane(Inst inst)
    {
        IrType type = _dfg.TypeOf(_dfg.Args(inst)[0]);
        int lane = _dfg[inst].Imm8;
        if (lane >= type.LaneCount)
        {
            Report(inst, VerifierId.Lane, $"The lane {lane} does not index into the type {type}");
        }
    }

    private void CheckShuffle(Inst inst)
    {
        UInt128 mask = _function.ImmediateBits(_dfg[inst].Mask);
        for (int i = 0; i < ShuffleBytes; i++)
        {
            int index = (byte)(mask >> (8 * i));
            if (index > ShuffleMaximum)
            {
                Report(inst, VerifierId.Lane, $"shuffle immediate index {index} is larger than the maximum {ShuffleMaximum}");
                return;
            }
        }
    }

    private void CheckSymbol(Inst inst)
    {
        GlobalValue symbol = _dfg[inst].GlobalValue;
        IrType type = _dfg[inst].Type, expected = TypeOf(symbol);
        if (_options.HasTarget && type != expected)
        {
            Report(inst, VerifierId.GlobalValue, $"global_value instruction with type {type} references global value with type {expected}");
        }
    }

    private void CheckSetting(Inst inst, string name, bool isSet)
    {
        if (!isSet)
        {
            string need = _options.HasTarget ? name : "a target";
            Report(inst, VerifierId.MachineState, $"{_dfg[inst].Opcode.Info().Name} cannot be used without {need}");
        }
    }
}
