using System;

namespace MiniJit.IR.Interpretation;

internal sealed partial class Decoder
{
    private void DecodeInst()
    {
        ref InstructionData data = ref _dfg[_inst];
        Opcode opcode = data.Opcode;
        switch (opcode)
        {
            case Opcode.Nop or Opcode.Fence or Opcode.SequencePoint:
                break;
            case Opcode.Iconst:
                Emit(MicroKind.Constant, Result(), mask: (ulong)data.Imm & IntSemantics.Mask<ulong>(Math.Min(64, ResultType().Bits)));
                break;
            case Opcode.F16const or Opcode.F32const or Opcode.F64const:
                Emit(MicroKind.Constant, Result(), mask: data.FloatBits);
                break;
            case Opcode.F128const or Opcode.Vconst:
                EmitConstant(Result(), _function.ConstantData(data.Constant), Semantics.WordsOf(ResultType()));
                break;
            case Opcode.Select or Opcode.SelectSpectreGuard when Range(data.Arg1).Count == 1:
                Emit(MicroKind.Select, Result(), ConditionWord(data.Arg0), Slot(data.Arg1), Slot(data.Arg2));
                break;
            case Opcode.Jump or Opcode.Brif or Opcode.BrTable or Opcode.Return or Opcode.Trap or Opcode.Trapz or Opcode.Trapnz:
                DecodeControl(data);
                break;
            case Opcode.Call or Opcode.CallIndirect or Opcode.ReturnCall or Opcode.ReturnCallIndirect or Opcode.TryCall or Opcode.TryCallIndirect:
                DecodeCall(data);
                break;
            case Opcode.FuncAddr:
                // A call that only makes an address: the target is found when it is reached.
                _calls.Add(new(_function.ExtFuncs[data.FuncRef.Index].Name, -1, 0, 0, 0, false, ResultType().Bits == 32));
                Emit(MicroKind.FunctionAddress, Result(), c: _calls.Count - 1);
                break;
            case Opcode.StackAddr:
                EmitStackAddress(_stackOffsets[data.StackSlot.Index] + data.Offset);
                break;
            case Opcode.DynamicStackAddr:
                EmitStackAddress(_dynamicOffsets[data.DynamicStackSlot.Index]);
                break;
            case Opcode.SymbolValue or Opcode.TlsValue:
                Emit(MicroKind.GlobalValue, Result(), c: data.GlobalValue.Index, small: ResultType().Bits);
                break;
            case Opcode.GetPinnedReg:
                Emit(MicroKind.GetPinned, Result(), mask: IntSemantics.Mask<ulong>(ResultType().Bits));
                break;
            case Opcode.SetPinnedReg:
                Emit(MicroKind.SetPinned, a: Slot(data.Arg0));
                break;
            case Opcode.Debugtrap or Opcode.StackSwitch or Opcode.GetFramePointer or Opcode.GetStackPointer or Opcode.GetReturnAddress
                or Opcode.GetExceptionHandlerAddress:
                EmitUnsupported(opcode.Info().Name);
                break;
            default:
                if (opcode.Info().Has(OpcodeTraits.ReadsMemory) || opcode.Info().Has(OpcodeTraits.WritesMemory))
                {
                    DecodeAccess(data);
                }
                else if (!TryDecodeScalar(data))
                {
                    DecodeOperation(data);
                }

                break;
        }
    }

    private int Result() => Slot(_dfg.FirstResult(_inst));

    private IrType ResultType() => TypeOf(_dfg.FirstResult(_inst));

    private void EmitStackAddress(long offset) =>
        Emit(MicroKind.StackAddress, Result(), mask: (ulong)offset, narrow: ResultType().Bits == 32);

    // ---- values

    // The common scalar operations, each a step of its own.
    private bool TryDecodeScalar(in InstructionData data)
    {
        if (_dfg.Results(_inst).Length != 1)
        {
            return false;
        }

        IrType type = ResultType(), source = TypeOf(data.Arg0);
        int operands = data.Opcode.Info().Operands.Length;
        if (!type.IsScalar || type.Bits > 64 || !source.IsScalar || source.Bits > 64)
        {
            return false;
        }

        int dst = Result(), a = Slot(data.Arg0), b = operands > 1 ? Slot(data.Arg1) : 0, bits = type.Bits;
        ulong mask = IntSemantics.Mask<ulong>(bits);
        switch (data.Opcode)
        {
            case Opcode.Icmp:
                EmitCompare(data.IntCC, source, dst, a, b);
                return true;
            case Opcode.Fcmp when source.Bits is 32 or 64:
                Emit(source.Bits == 32 ? MicroKind.FloatCompare32 : MicroKind.FloatCompare64, dst, a, b, small: (int)data.FloatCC);
                return true;
            case Opcode.Uextend:
                Emit(MicroKind.Copy, dst, a);
                return true;
            case Opcode.Bitcast:
                Emit(MicroKind.Copy, dst, a);
                return true;
            case Opcode.Sextend:
                Emit(MicroKind.SignExtend, dst, a, mask: mask, small: source.Bits);
                return true;
            case Opcode.Ireduce:
                Emit(MicroKind.AndMask, dst, a, mask: mask);
                return true;
            case Opcode.Fneg:
                Emit(MicroKind.XorMask, dst, a, mask: IntSemantics.SignBit<ulong>(bits));
                return true;
            case Opcode.Fabs:
                Emit(MicroKind.AndMask, dst, a, mask: mask >> 1);
                return true;
            case Opcode.Bnot:
                Emit(MicroKind.XorMask, dst, a, mask: mask);
                return true;
        }

        MicroKind kind = ScalarKind(data.Opcode, type);
        if (kind != MicroKind.Operation)
        {
            Emit(kind, dst, a, b, mask: mask, small: bits);
            return true;
        }

        // Everything else that IntSemantics knows, in one step kind.
        if (type.IsInt && source == type && IntSemantics.TryEvaluate(data.Opcode, bits, 0UL, 1UL, out _, out _))
        {
            Emit(MicroKind.Integer, dst, a, b, (int)data.Opcode, small: bits);
            return true;
        }

        return false;
    }

    private static MicroKind ScalarKind(Opcode opcode, IrType type) => opcode switch
    {
        Opcode.Iadd => MicroKind.Add,
        Opcode.Isub => MicroKind.Subtract,
        Opcode.Imul => MicroKind.Multiply,
        Opcode.Band => MicroKind.And,
        Opcode.Bor => MicroKind.Or,
        Opcode.Bxor => MicroKind.Xor,
        Opcode.Ishl => MicroKind.ShiftLeft,
        Opcode.Ushr => MicroKind.ShiftRight,
        Opcode.Sshr => MicroKind.ShiftRightArithmetic,
        Opcode.Fadd => type.Bits switch { 32 => MicroKind.Add32, 64 => MicroKind.Add64, _ => MicroKind.Operation },
        Opcode.Fsub => type.Bits switch { 32 => MicroKind.Subtract32, 64 => MicroKind.Subtract64, _ => MicroKind.Operation },
        Opcode.Fmul => type.Bits switch { 32 => MicroKind.Multiply32, 64 => MicroKind.Multiply64, _ => MicroKind.Operation },
        Opcode.Fdiv => type.Bits switch { 32 => MicroKind.Divide32, 64 => MicroKind.Divide64, _ => MicroKind.Operation },
        _ => MicroKind.Operation,
    };

    private void EmitCompare(IntCC cc, IrType type, int dst, int a, int b)
    {
        MicroKind kind = cc switch
        {
            IntCC.Equal => MicroKind.IntEqual,
            IntCC.NotEqual => MicroKind.IntNotEqual,
            IntCC.SignedLessThan or IntCC.UnsignedLessThan => MicroKind.IntLess,
            IntCC.SignedLessThanOrEqual or IntCC.UnsignedLessThanOrEqual => MicroKind.IntLessOrEqual,
            IntCC.SignedGreaterThan or IntCC.UnsignedGreaterThan => MicroKind.IntGreater,
            _ => MicroKind.IntGreaterOrEqual,
        };
        Emit(kind, dst, a, b, mask: cc.IsSigned() ? IntSemantics.SignBit<ulong>(type.Bits) : 0);
    }

    private void DecodeOperation(in InstructionData data)
    {
        ReadOnlySpan<Value> args = _dfg.Args(_inst), results = _dfg.Results(_inst);
        _operations.Add(new(
            Operation.Of(_function, _inst),
            args.Length > 0 ? Range(args[0]) : default,
            args.Length > 1 ? Range(args[1]) : default,
            args.Length > 2 ? Range(args[2]) : default,
            results.Length > 0 ? Range(results[0]) : default,
            results.Length > 1 ? Range(results[1]) : default));
        Emit(MicroKind.Operation, c: _operations.Count - 1);
    }

    // ---- memory

    private void DecodeAccess(in InstructionData data)
    {
        Opcode opcode = data.Opcode;
        MemFlags flags = _dfg.MemFlagsOf(_inst);
        bool isStore = opcode is Opcode.Store or Opcode.Istore8 or Opcode.Istore16 or Opcode.Istore32 or Opcode.AtomicStore;
        bool isAtomic = opcode is Opcode.AtomicRmw or Opcode.AtomicCas or Opcode.AtomicLoad or Opcode.AtomicStore;
        Value pointer = isStore ? data.Arg1 : data.Arg0;
        WordRange x = isStore ? Range(data.Arg0) : opcode == Opcode.AtomicRmw ? Range(data.Arg1) : opcode == Opcode.AtomicCas ? Range(data.Arg2) : default;
        IrType valueType = isStore ? TypeOf(data.Arg0) : ResultType();
        IrType memory = MemoryType(opcode, valueType);
        bool narrow = TypeOf(pointer).Bits == 32;
        int offset = isAtomic ? 0 : data.Offset;
        bool isNative = !(BitConverter.IsLittleEndian ? flags.IsBig : flags.IsLittle);
        MicroKind kind = isNative && BitConverter.IsLittleEndian && memory.Bytes <= 8 && !isAtomic && (memory.IsScalar || memory == valueType)
            ? AccessKind(opcode, memory.Bytes)
            : MicroKind.Access;
        if (kind != MicroKind.Access)
        {
            int dropped = isStore ? 0 : 64 - Math.Min(64, valueType.Bits);
            Emit(kind, isStore ? 0 : Result(), isStore ? x.Start : Slot(pointer), isStore ? Slot(pointer) : 0, dropped, (ulong)(long)offset, flags.IsAligned ? memory.Bytes - 1 : 0, narrow);
            return;
        }

        _accesses.Add(new(
            opcode,
            memory,
            isStore ? default : valueType,
            isNative == BitConverter.IsLittleEndian ? flags.WithLittle() : flags.WithBig(),
            opcode == Opcode.AtomicRmw ? data.RmwOp : default,
            offset,
            Slot(pointer),
            narrow,
            x,
            opcode == Opcode.AtomicCas ? Range(data.Arg1) : default,
            isStore ? default : new(Result(), Semantics.WordsOf(valueType))));
        Emit(MicroKind.Access, c: _accesses.Count - 1);
    }

    private static IrType MemoryType(Opcode opcode, IrType value) => opcode switch
    {
        Opcode.Uload8 or Opcode.Sload8 or Opcode.Istore8 => IrType.I8,
        Opcode.Uload16 or Opcode.Sload16 or Opcode.Istore16 => IrType.I16,
        Opcode.Uload32 or Opcode.Sload32 or Opcode.Istore32 => IrType.I32,
        Opcode.Uload8x8 or Opcode.Sload8x8 => IrType.I8.By(8),
        Opcode.Uload16x4 or Opcode.Sload16x4 => IrType.I16.By(4),
        Opcode.Uload32x2 or Opcode.Sload32x2 => IrType.I32.By(2),
        _ => value,
    };

    private static MicroKind AccessKind(Opcode opcode, int bytes) => opcode switch
    {
        Opcode.Sload8 => MicroKind.LoadSigned8,
        Opcode.Sload16 => MicroKind.LoadSigned16,
        Opcode.Sload32 => MicroKind.LoadSigned32,
        Opcode.Load or Opcode.Uload8 or Opcode.Uload16 or Opcode.Uload32 => bytes switch
        {
            1 => MicroKind.Load8,
            2 => MicroKind.Load16,
            4 => MicroKind.Load32,
            _ => MicroKind.Load64,
        },
        Opcode.Store or Opcode.Istore8 or Opcode.Istore16 or Opcode.Istore32 => bytes switch
        {
            1 => MicroKind.Store8,
            2 => MicroKind.Store16,
            4 => MicroKind.Store32,
            _ => MicroKind.Store64,
        },
        _ => MicroKind.Access,
    };

    // ---- control

    private void DecodeControl(in InstructionData data)
    {
        switch (data.Opcode)
        {
            case Opcode.Jump:
                Emit(MicroKind.Jump, c: MakeEdge(data.Destination));
                break;
            case Opcode.Brif:
                int condition = ConditionWord(data.Arg0);
                int then = MakeEdge(data.Destination);
                MakeEdge(data.ElseDestination);
                Emit(MicroKind.BranchIf, a: condition, c: then);
                break;
            case Opcode.BrTable:
                ReadOnlySpan<BlockCall> targets = _function.JumpTableTargets(data.JumpTable);
                int first = _edges.Count;
                foreach (BlockCall target in targets)
                {
                    MakeEdge(target);
                }

                Emit(MicroKind.BranchTable, a: Slot(data.Arg0), b: targets.Length - 1, c: first);
                break;
            case Opcode.Return:
                Emit(MicroKind.Return, c: MakeList(_dfg.Args(_inst)));
                break;
            case Opcode.Trap:
                Emit(MicroKind.Trap, small: data.TrapCode.Raw);
                break;
            default:
                MicroKind kind = data.Opcode == Opcode.Trapz ? MicroKind.TrapIfZero : MicroKind.TrapIfNotZero;
                Emit(kind, a: ConditionWord(data.Arg0), small: data.TrapCode.Raw);
                break;
        }
    }

    private void DecodeCall(in InstructionData data)
    {
        bool isDirect = data.Opcode is Opcode.Call or Opcode.ReturnCall or Opcode.TryCall;
        bool isTail = data.Opcode is Opcode.ReturnCall or Opcode.ReturnCallIndirect;
        bool isTry = data.Opcode is Opcode.TryCall or Opcode.TryCallIndirect;
        ReadOnlySpan<Value> args = _dfg.Args(_inst);
        Signature signature = _function.CallSignature(_inst)!;
        int address = isDirect ? -1 : Slot(args[0]);
        bool narrow = !isDirect && TypeOf(args[0]).Bits == 32;

        // Results of a try_call have no values of their own: its normal edge passes them on.
        Span<WordRange> returned = isTry ? new WordRange[signature.Returns.Count] : default;
        int dst = isTry ? _words : _dfg.Results(_inst).IsEmpty ? 0 : Result();
        for (int i = 0; i < returned.Length; i++)
        {
            IrType type = signature.Returns[i].Type;
            returned[i] = new(Allocate(type), Semantics.WordsOf(type));
        }

        _calls.Add(new(
            isDirect ? _function.ExtFuncs[data.FuncRef.Index].Name : default,
            address,
            MakeList(isDirect ? args : args[1..]),
            dst,
            WordsOf(signature.Returns),
            isTail,
            narrow));
        Emit(MicroKind.Call, c: _calls.Count - 1);
        if (isTry)
        {
            Emit(MicroKind.Jump, c: MakeEdge(_function.ExceptionTargets(data.ExceptionTable)[^1], returned));
        }
    }
}
