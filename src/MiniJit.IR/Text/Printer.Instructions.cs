// Instructions: results, mnemonic with its type, operands by format, and the constants among them as a comment.
using System;
using System.Buffers.Binary;
using System.Globalization;

namespace MiniJit.IR;

public sealed partial class Printer
{
    /// <summary>Appends an instruction without indentation and line end.</summary>
    internal void WriteInst(Function function, Inst inst)
    {
        ReadOnlySpan<Value> results = function.Dfg.Results(inst);
        for (int i = 0; i < results.Length; i++)
        {
            _out.Append(i == 0 ? "" : ", ").AppendEntity("v", results[i].Index);
        }

        ref InstructionData data = ref function.Dfg[inst];
        OpcodeInfo info = data.Opcode.Info();
        _out.Append(results.IsEmpty ? "" : " = ").Append(info.Name);
        WriteSuffix(function, inst, info, data);
        WriteOperands(function, inst, info, data);
        WriteStackMap(function, inst);
        WriteKnownOperands(function, inst);
    }

    // An inferable type is left out where the deciding operand stands in the same block. The reference leaves it out even where
    // the operand stands further down, which only functions that do not verify have; such text could not be read back.
    private void WriteSuffix(Function function, Inst inst, OpcodeInfo info, in InstructionData data)
    {
        DataFlowGraph dfg = function.Dfg;
        if (!info.IsPolymorphic || (info.Suffix.Kind == TypeSuffixKind.Optional && IsAtHand(function, dfg.Args(inst)[info.Suffix.DecidingOperand], inst)))
        {
            return;
        }

        if (data.Type.IsDynamicVector)
        {
            WriteDynamicType(data.Type);
            return;
        }

        _out.Append('.');
        WriteType(data.Type);
    }

    private bool IsAtHand(Function function, Value value, Inst inst)
    {
        value = function.Dfg.Resolve(value);
        Inst definition = function.Dfg.DefInst(value);
        Block block = definition.IsNone ? function.Dfg.DefBlock(value) : function.Layout.BlockOf(definition);
        bool isBelow = !definition.IsNone && definition.Index < _written.Count && !_written[definition.Index];
        return !block.IsNone && block == function.Layout.BlockOf(inst) && !isBelow;
    }

    // Such a type has no name in the language; the reference prints its own internal one.
    private void WriteDynamicType(IrType type) =>
        _out.Append(".types::").Append(type.HasIntLanes ? 'I' : 'F').Append(type.LaneBits).Append('x').Append(type.LaneCount).Append("xN");

    private void WriteOperands(Function function, Inst inst, OpcodeInfo info, in InstructionData data)
    {
        ReadOnlySpan<Value> args = function.Dfg.Args(inst);
        switch (info.Format)
        {
            case InstructionFormat.NullAry:
                _out.Append(' ');
                break;
            case InstructionFormat.UnaryImm:
                _out.Append(' ');
                NumberText.AppendImm64(_out, data.Imm64);
                break;
            case InstructionFormat.UnaryIeee16 or InstructionFormat.UnaryIeee32 or InstructionFormat.UnaryIeee64:
                _out.Append(' ');
                NumberText.AppendFloat(_out, FloatWidth(info.Format), data.FloatBits);
                break;
            case InstructionFormat.UnaryConst:
                _out.AppendEntity(" const", data.Constant.Index);
                break;
            case InstructionFormat.UnaryGlobalValue:
                _out.AppendEntity(" gv", data.GlobalValue.Index);
                break;
            case InstructionFormat.BinaryImm8 or InstructionFormat.TernaryImm8:
                WriteArgs(args);
                _out.Append(", ").Append(data.Imm8);
                break;
            case InstructionFormat.Shuffle:
                WriteArgs(args);
                _out.Append(", 0x").Append(function.ImmediateBits(data.Mask), "x32");
                break;
            case InstructionFormat.IntCompare:
                _out.Append(' ').Append(data.IntCC.Text());
                WriteArgs(args);
                break;
            case InstructionFormat.FloatCompare:
                _out.Append(' ').Append(data.FloatCC.Text());
                WriteArgs(args);
                break;
            case InstructionFormat.Jump or InstructionFormat.Brif or InstructionFormat.BranchTable:
                WriteBranch(function, inst, args);
                break;
            case InstructionFormat.Call or InstructionFormat.TryCall:
                _out.AppendEntity(" fn", data.FuncRef.Index);
                WriteCallArgs(args);
                WriteExceptionTable(function, data);
                break;
            case InstructionFormat.CallIndirect:
                _out.AppendEntity(" sig", data.SigRef.Index).AppendEntity(", v", args[0].Index);
                WriteCallArgs(args[1..]);
                break;
            case InstructionFormat.TryCallIndirect:
                _out.AppendEntity(" v", args[0].Index);
                WriteCallArgs(args[1..]);
                WriteExceptionTable(function, data);
                break;
            case InstructionFormat.FuncAddr:
                _out.AppendEntity(" fn", data.FuncRef.Index);
                break;
            case InstructionFormat.StackAddr:
                _out.AppendEntity(" ss", data.StackSlot.Index);
                NumberText.AppendOffset(_out, data.Offset);
                break;
            case InstructionFormat.DynamicStackAddr:
                _out.AppendEntity(" dss", data.DynamicStackSlot.Index);
                break;
            case InstructionFormat.Load or InstructionFormat.Store:
                WriteMemFlags(function.Dfg.MemFlagsOf(inst));
                WriteArgs(args);
                NumberText.AppendOffset(_out, data.Offset);
                break;
            case InstructionFormat.LoadNoOffset or InstructionFormat.StoreNoOffset:
                WriteMemFlags(function.Dfg.MemFlagsOf(inst));
                WriteArgs(args);
                break;
            case InstructionFormat.AtomicRmw:
                _out.Append(' ').Append(data.RmwOp.Text());
                WriteArgs(args);
                break;
            case InstructionFormat.Trap or InstructionFormat.CondTrap or InstructionFormat.IntAddTrap:
                WriteArgs(args);
                _out.Append(args.IsEmpty ? " " : ", ").Append(data.TrapCode.ToString());
                break;
            case InstructionFormat.ExceptionHandlerAddress:
                _out.AppendEntity(" block", data.HandlerBlock.Index).Append(", ");
                NumberText.AppendImm64(_out, data.HandlerIndex);
                break;
            default:
                WriteArgs(args);
                break;
        }
    }

    private static int FloatWidth(InstructionFormat format) => format switch
    {
        InstructionFormat.UnaryIeee16 => 16,
        InstructionFormat.UnaryIeee32 => 32,
        _ => 64,
    };

    private void WriteArgs(ReadOnlySpan<Value> args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            _out.AppendEntity(i == 0 ? " v" : ", v", args[i].Index);
        }
    }

    private void WriteCallArgs(ReadOnlySpan<Value> args)
    {
        _out.Append('(');
        for (int i = 0; i < args.Length; i++)
        {
            _out.AppendEntity(i == 0 ? "v" : ", v", args[i].Index);
        }

        _out.Append(')');
    }

    // ---- branches

    private void WriteBranch(Function function, Inst inst, ReadOnlySpan<Value> args)
    {
        WriteArgs(args);
        _out.Append(args.IsEmpty ? " " : ", ");
        ReadOnlySpan<BlockCall> targets = function.Dfg.Destinations(inst);
        bool table = function.Dfg[inst].Opcode == Opcode.BrTable;
        for (int i = 0; i < targets.Length; i++)
        {
            _out.Append(i == 0 ? "" : table && i == 1 ? ", [" : ", ");
            WriteBlockCall(function, targets[i]);
        }

        if (table)
        {
            _out.Append(targets.Length > 1 ? "]" : ", []");
        }
    }

    private void WriteBlockCall(Function function, BlockCall call)
    {
        _out.AppendEntity("block", function.Dfg.BlockOf(call).Index);
        ReadOnlySpan<BlockArg> args = function.Dfg.BlockArgs(call);
        for (int i = 0; i < args.Length; i++)
        {
            _out.Append(i == 0 ? "(" : ", ");
            switch (args[i].Kind)
            {
                case BlockArgKind.TryCallRet:
                    _out.AppendEntity("ret", args[i].Index);
                    break;
                case BlockArgKind.TryCallExn:
                    _out.AppendEntity("exn", args[i].Index);
                    break;
                default:
                    _out.AppendEntity("v", args[i].Value.Index);
                    break;
            }
        }

        _out.Append(args.IsEmpty ? "" : ")");
    }

    private void WriteExceptionTable(Function function, in InstructionData data)
    {
        ExceptionTable table = data.ExceptionTable;
        if (table.IsNone)
        {
            return;                                            // a plain call
        }

        _out.AppendEntity(", sig", function.ExceptionSignature(table).Index).Append(", ");
        WriteBlockCall(function, function.ExceptionTargets(table)[^1]);
        int count = function.ExceptionItemCount(table);
        _out.Append(count == 0 ? ", [" : ", [ ");
        for (int i = 0; i < count; i++)
        {
            _out.Append(i == 0 ? "" : ", ");
            ExceptionItem item = function.ExceptionItemAt(table, i);
            switch (item.Kind)
            {
                case ExceptionItemKind.Context:
                    _out.AppendEntity("context v", item.Context.Index);
                    continue;
                case ExceptionItemKind.Tag:
                    _out.Append("tag").Append(item.Tag);
                    break;
                default:
                    _out.Append("default");
                    break;
            }

            _out.Append(": ");
            WriteBlockCall(function, item.Target);
        }

        _out.Append(count == 0 ? "]" : " ]");
    }

    // ---- flags and stack maps

    private void WriteMemFlags(MemFlags flags)
    {
        if (flags.IsNotrap)
        {
            _out.Append(" notrap");
        }
        else if (flags.Trap != TrapCode.HeapOutOfBounds)
        {
            _out.Append(' ').Append(flags.Trap.ToString());
        }

        _out.Append(flags.IsAligned ? " aligned" : "").Append(flags.IsReadonly ? " readonly" : "").Append(flags.CanMove ? " can_move" : "")
            .Append(flags.IsBig ? " big" : "").Append(flags.IsLittle ? " little" : "");
        if (!flags.Region.IsNone)
        {
            _out.AppendEntity(" region", flags.Region.Index);
        }
    }

    private void WriteStackMap(Function function, Inst inst)
    {
        ReadOnlySpan<StackMapEntry> entries = function.StackMapOf(inst);
        for (int i = 0; i < entries.Length; i++)
        {
            _out.Append(i == 0 ? ", stack_map=[" : ", ");
            WriteType(entries[i].Type);
            _out.AppendEntity(" @ ss", entries[i].Slot.Index).Append('+').Append(entries[i].Offset);
        }

        _out.Append(entries.IsEmpty ? "" : "]");
    }

    // ---- the comment that tells which operands are constants

    private void WriteKnownOperands(Function function, Inst inst)
    {
        bool any = false;
        foreach (Value arg in function.Dfg.Args(inst))
        {
            WriteKnownOperand(function, arg, ref any);
        }

        foreach (BlockCall call in function.Dfg.Destinations(inst))
        {
            foreach (BlockArg arg in function.Dfg.BlockArgs(call))
            {
                if (arg.IsValue)
                {
                    WriteKnownOperand(function, arg.Value, ref any);
                }
            }
        }

        ref InstructionData data = ref function.Dfg[inst];
        if (data.Opcode is not (Opcode.TryCall or Opcode.TryCallIndirect))
        {
            return;
        }

        for (int i = 0; i < function.ExceptionItemCount(data.ExceptionTable); i++)
        {
            ExceptionItem item = function.ExceptionItemAt(data.ExceptionTable, i);
            if (item.Kind == ExceptionItemKind.Context)
            {
                WriteKnownOperand(function, item.Context, ref any);
            }
        }
    }

    private void WriteKnownOperand(Function function, Value value, ref bool any)
    {
        Inst definition = function.Dfg.DefInst(function.Dfg.Resolve(value));
        if (definition.IsNone)
        {
            return;
        }

        ref InstructionData data = ref function.Dfg[definition];
        OpcodeInfo info = data.Opcode.Info();
        if (info.Format is not (InstructionFormat.UnaryImm or InstructionFormat.UnaryIeee16 or InstructionFormat.UnaryIeee32
            or InstructionFormat.UnaryIeee64 or InstructionFormat.UnaryConst))
        {
            return;
        }

        _out.Append(any ? ", " : "  ; ").AppendEntity("v", value.Index).Append(" = ");
        any = true;
        if (info.Format == InstructionFormat.UnaryImm)
        {
            NumberText.AppendImm64(_out, data.Imm64);
        }
        else if (info.Format != InstructionFormat.UnaryConst)
        {
            NumberText.AppendFloat(_out, FloatWidth(info.Format), data.FloatBits);
        }
        else if (data.Opcode == Opcode.F128const && function.ConstantData(data.Constant) is { Length: 16 } bytes)
        {
            NumberText.AppendFloat(_out, 128, BinaryPrimitives.ReadUInt128LittleEndian(bytes));
        }
        else
        {
            _out.AppendEntity("const", data.Constant.Index);
        }
    }
}
