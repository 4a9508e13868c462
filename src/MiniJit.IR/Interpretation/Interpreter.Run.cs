using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace MiniJit.IR.Interpretation;

internal sealed partial class Interpreter
{
    // The loop. One method, so that code, frame and position stay in locals; a long switch, because it is a table of one-liners.
    private InterpreterResult Run(DecodedFunction root)
    {
        DecodedFunction function = root;
        int frameBase = 0;
        Span<ulong> frame = _words.AsSpan(0, function.FrameWords);
        ReadOnlySpan<MicroOp> code = function.Code;
        long fuel = Fuel - function.EntryFuel;
        int pc = 0, edge;
        TrapCode trap;
        string? message;
        if (fuel < 0)
        {
            return InterpreterResult.OutOfFuel(function.Function, default);
        }

        while (true)
        {
            ref readonly MicroOp op = ref code[pc++];
            switch (op.Kind)
            {
                case MicroKind.Constant: frame[op.Dst] = op.Mask; continue;
                case MicroKind.Copy: frame[op.Dst] = frame[op.A]; continue;
                case MicroKind.Add: frame[op.Dst] = (frame[op.A] + frame[op.B]) & op.Mask; continue;
                case MicroKind.Subtract: frame[op.Dst] = (frame[op.A] - frame[op.B]) & op.Mask; continue;
                case MicroKind.Multiply: frame[op.Dst] = (frame[op.A] * frame[op.B]) & op.Mask; continue;
                case MicroKind.And: frame[op.Dst] = frame[op.A] & frame[op.B]; continue;
                case MicroKind.Or: frame[op.Dst] = frame[op.A] | frame[op.B]; continue;
                case MicroKind.Xor: frame[op.Dst] = frame[op.A] ^ frame[op.B]; continue;
                case MicroKind.XorMask: frame[op.Dst] = frame[op.A] ^ op.Mask; continue;
                case MicroKind.AndMask: frame[op.Dst] = frame[op.A] & op.Mask; continue;
                case MicroKind.ShiftLeft: frame[op.Dst] = IntSemantics.ShiftLeft(frame[op.A], (int)frame[op.B], op.Small); continue;
                case MicroKind.ShiftRight: frame[op.Dst] = IntSemantics.ShiftRight(frame[op.A], (int)frame[op.B], op.Small); continue;
                case MicroKind.ShiftRightArithmetic: frame[op.Dst] = IntSemantics.ShiftRightArithmetic(frame[op.A], (int)frame[op.B], op.Small); continue;
                case MicroKind.SignExtend: frame[op.Dst] = IntSemantics.SignExtend(frame[op.A], op.Small) & op.Mask; continue;
                case MicroKind.IntEqual: frame[op.Dst] = ToWord(frame[op.A] == frame[op.B]); continue;
                case MicroKind.IntNotEqual: frame[op.Dst] = ToWord(frame[op.A] != frame[op.B]); continue;
                case MicroKind.IntLess: frame[op.Dst] = ToWord((frame[op.A] ^ op.Mask) < (frame[op.B] ^ op.Mask)); continue;
                case MicroKind.IntLessOrEqual: frame[op.Dst] = ToWord((frame[op.A] ^ op.Mask) <= (frame[op.B] ^ op.Mask)); continue;
                case MicroKind.IntGreater: frame[op.Dst] = ToWord((frame[op.A] ^ op.Mask) > (frame[op.B] ^ op.Mask)); continue;
                case MicroKind.IntGreaterOrEqual: frame[op.Dst] = ToWord((frame[op.A] ^ op.Mask) >= (frame[op.B] ^ op.Mask)); continue;
                case MicroKind.Select: frame[op.Dst] = frame[op.A] != 0 ? frame[op.B] : frame[op.C]; continue;
                case MicroKind.AnyWord: frame[op.Dst] = ToWord(frame.Slice(op.A, op.Small).ContainsAnyExcept(0UL)); continue;
                case MicroKind.Integer:
                    IntSemantics.TryEvaluate((Opcode)op.C, op.Small, frame[op.A], frame[op.B], out frame[op.Dst], out trap);
                    if (!trap.IsNone)
                    {
                        goto Trapped;
                    }

                    continue;
                case MicroKind.Add32: frame[op.Dst] = Bits(Single(frame[op.A]) + Single(frame[op.B]), frame, op, Opcode.Fadd); continue;
                case MicroKind.Subtract32: frame[op.Dst] = Bits(Single(frame[op.A]) - Single(frame[op.B]), frame, op, Opcode.Fsub); continue;
                case MicroKind.Multiply32: frame[op.Dst] = Bits(Single(frame[op.A]) * Single(frame[op.B]), frame, op, Opcode.Fmul); continue;
                case MicroKind.Divide32: frame[op.Dst] = Bits(Single(frame[op.A]) / Single(frame[op.B]), frame, op, Opcode.Fdiv); continue;
                case MicroKind.Add64: frame[op.Dst] = Bits(Double(frame[op.A]) + Double(frame[op.B]), frame, op, Opcode.Fadd); continue;
                case MicroKind.Subtract64: frame[op.Dst] = Bits(Double(frame[op.A]) - Double(frame[op.B]), frame, op, Opcode.Fsub); continue;
                case MicroKind.Multiply64: frame[op.Dst] = Bits(Double(frame[op.A]) * Double(frame[op.B]), frame, op, Opcode.Fmul); continue;
                case MicroKind.Divide64: frame[op.Dst] = Bits(Double(frame[op.A]) / Double(frame[op.B]), frame, op, Opcode.Fdiv); continue;
                case MicroKind.FloatCompare32:
                    frame[op.Dst] = ToWord(((FloatCC)op.Small & FloatSemantics.Relation(Single(frame[op.A]), Single(frame[op.B]))) != 0);
                    continue;
                case MicroKind.FloatCompare64:
                    frame[op.Dst] = ToWord(((FloatCC)op.Small & FloatSemantics.Relation(Double(frame[op.A]), Double(frame[op.B]))) != 0);
                    continue;
                case MicroKind.Operation:
                    message = Operate(function.Operations[op.C], frame, out trap);
                    if (message is not null)
                    {
                        goto Unsupported;
                    }

                    if (!trap.IsNone)
                    {
                        goto Trapped;
                    }

                    continue;

                // ---- memory
                case MicroKind.Load8 or MicroKind.Load16 or MicroKind.Load32 or MicroKind.Load64
                    or MicroKind.LoadSigned8 or MicroKind.LoadSigned16 or MicroKind.LoadSigned32:
                    if (!TryLocate(frame[op.A], op, SizeOf(op.Kind), out Span<byte> source))
                    {
                        goto BadAccess;
                    }

                    frame[op.Dst] = Load(op, source);
                    continue;
                case MicroKind.Store8 or MicroKind.Store16 or MicroKind.Store32 or MicroKind.Store64:
                    if (!TryLocate(frame[op.B], op, SizeOf(op.Kind), out Span<byte> target))
                    {
                        goto BadAccess;
                    }

                    Store(op.Kind, target, frame[op.A]);
                    continue;
                case MicroKind.Access:
                    if (!TryAccess(function.Accesses[op.C], frame))
                    {
                        goto BadAccess;
                    }

                    continue;
                case MicroKind.StackAddress:
                    ulong address = (ulong)_frameMemory + op.Mask;
                    frame[op.Dst] = op.NarrowAddress ? (uint)address : address;
                    continue;
                case MicroKind.GlobalValue:
                    message = EvaluateGlobal(function, frame, op.C, op.Small, out frame[op.Dst], out trap);
                    if (message is not null)
                    {
                        goto Unsupported;
                    }

                    if (!trap.IsNone)
                    {
                        goto Trapped;
                    }

                    continue;
                case MicroKind.GetPinned: frame[op.Dst] = _pinned & op.Mask; continue;
                case MicroKind.SetPinned: _pinned = frame[op.A]; continue;

                // ---- control
                case MicroKind.Jump:
                    edge = op.C;
                    goto TakeEdge;
                case MicroKind.BranchIf:
                    edge = frame[op.A] != 0 ? op.C : op.C + 1;
                    goto TakeEdge;
                case MicroKind.BranchTable:
                    edge = frame[op.A] < (ulong)op.B ? op.C + 1 + (int)frame[op.A] : op.C;
                    goto TakeEdge;
                case MicroKind.Trap:
                    trap = TrapCode.FromRaw(op.Small);
                    goto Trapped;
                case MicroKind.TrapIfZero:
                    if (frame[op.A] == 0)
                    {
                        goto case MicroKind.Trap;
                    }

                    continue;
                case MicroKind.TrapIfNotZero:
                    if (frame[op.A] != 0)
                    {
                        goto case MicroKind.Trap;
                    }

                    continue;
                case MicroKind.Return:
                    int[] returned = function.WordLists[op.C];
                    if (_depth == 0)
                    {
                        Span<ulong> values = EnsureStaging(returned.Length);
                        Gather(frame, returned, values);
                        return Results(function, values);
                    }

                    FrameRecord caller = _frames[--_depth];
                    Gather(frame, returned, _words.AsSpan(caller.Base + caller.Dst));
                    _memory.PopTo(caller.StackTop);
                    _frameMemory = caller.FrameMemory;
                    function = caller.Function;
                    frameBase = caller.Base;
                    frame = _words.AsSpan(frameBase, function.FrameWords);
                    code = function.Code;
                    pc = caller.Pc;
                    continue;
                case MicroKind.Call:
                    CallData call = function.Calls[op.C];
                    message = Resolve(function, op.C, call, frame, out CallTarget callee);
                    if (message is not null)
                    {
                        goto Unsupported;
                    }

                    int[] args = function.WordLists[call.Args];
                    if (callee.Kind == CallTargetKind.Library)
                    {
                        Span<ulong> values = EnsureStaging(Math.Max(args.Length, call.ReturnWords));
                        Gather(frame, args, values);
                        message = CallLibrary((LibCall)callee.Index, values, args.Length, call.ReturnWords, out trap);
                        if (message is not null)
                        {
                            goto Unsupported;
                        }

                        if (!trap.IsNone)
                        {
                            goto Trapped;
                        }

                        if (call.IsTail)
                        {
                            message = "tail call of a library routine";
                            goto Unsupported;
                        }

                        values[..call.ReturnWords].CopyTo(frame[call.Dst..]);
                        continue;
                    }

                    DecodedFunction entered = Decoded(callee.Index);
                    if (entered.ParamWords != args.Length || entered.ReturnWords != call.ReturnWords)
                    {
                        message = $"call of {entered.Function.Name} with another signature";
                        goto Unsupported;
                    }

                    if (call.IsTail)
                    {
                        Span<ulong> values = EnsureStaging(args.Length);
                        Gather(frame, args, values);
                        if (!EnsureWords((long)frameBase + entered.FrameWords))
                        {
                            trap = TrapCode.StackOverflow;
                            goto Trapped;
                        }

                        frame = _words.AsSpan(frameBase, entered.FrameWords);
                        values.CopyTo(frame);
                        _memory.PopTo(_depth == 0 ? 0 : _frames[_depth - 1].StackTop);
                    }
                    else
                    {
                        int next = frameBase + function.FrameWords;
                        if (_depth >= MaxDepth || !EnsureWords((long)next + entered.FrameWords))
                        {
                            trap = TrapCode.StackOverflow;
                            goto Trapped;
                        }

                        if (_depth == _frames.Length)
                        {
                            Array.Resize(ref _frames, _depth * 2);
                        }

                        frame = _words.AsSpan(frameBase, function.FrameWords);         // the array may have moved
                        _frames[_depth++] = new(function, pc, frameBase, call.Dst, _memory.StackTop, _frameMemory);
                        Gather(frame, args, _words.AsSpan(next));
                        frameBase = next;
                        frame = _words.AsSpan(next, entered.FrameWords);
                    }

                    fuel -= entered.EntryFuel;
                    function = entered;
                    code = entered.Code;
                    pc = 0;
                    if (entered.StackBytes == 0)
                    {
                        _frameMemory = _memory.StackTop;
                    }
                    else if (!_memory.TryPush(entered.StackBytes, out _frameMemory))
                    {
                        return InterpreterResult.Trapped(TrapCode.StackOverflow, function.Function, default, "stack memory is used up");
                    }

                    if (fuel < 0)
                    {
                        return InterpreterResult.OutOfFuel(function.Function, default);
                    }

                    continue;
                case MicroKind.FunctionAddress:
                    message = MakeFunctionAddress(function, op.C, out frame[op.Dst]);
                    if (message is not null)
                    {
                        goto Unsupported;
                    }

                    continue;
                default:
                    message = function.Messages[op.C];
                    goto Unsupported;
            }

        TakeEdge:
            ref readonly Edge taken = ref function.Edges[edge];
            if (taken.MoveCount != 0)
            {
                foreach (ref readonly Move move in function.Moves.AsSpan(taken.FirstMove, taken.MoveCount))
                {
                    frame[move.Dst] = frame[move.Src];
                }
            }

            fuel -= taken.Fuel;
            if (fuel < 0)
            {
                return InterpreterResult.OutOfFuel(function.Function, function.Insts[pc - 1]);
            }

            pc = taken.Target;
            continue;

        Trapped:
            return InterpreterResult.Trapped(trap, function.Function, function.Insts[pc - 1]);

        BadAccess:
            return Fault(function, function.Insts[pc - 1]);

        Unsupported:
            return InterpreterResult.Unsupported(message!, function.Function, function.Insts[pc - 1]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ToWord(bool condition) => condition ? 1UL : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Single(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Double(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    // The host decides about numbers, FloatSemantics about NaNs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Bits(float result, ReadOnlySpan<ulong> frame, in MicroOp op, Opcode opcode) =>
        float.IsNaN(result) ? NaN(opcode, IrType.F32, frame[op.A], frame[op.B]) : BitConverter.SingleToUInt32Bits(result);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Bits(double result, ReadOnlySpan<ulong> frame, in MicroOp op, Opcode opcode) =>
        double.IsNaN(result) ? NaN(opcode, IrType.F64, frame[op.A], frame[op.B]) : BitConverter.DoubleToUInt64Bits(result);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong NaN(Opcode opcode, IrType type, ulong x, ulong y)
    {
        FloatSemantics.TryEvaluate(opcode, type, x, y, 0, out UInt128 result);
        return (ulong)result;
    }

    private static void Gather(ReadOnlySpan<ulong> frame, int[] words, Span<ulong> to)
    {
        for (int i = 0; i < words.Length; i++)
        {
            to[i] = frame[words[i]];
        }
    }

    private Span<ulong> EnsureStaging(int count)
    {
        if (count > _staging.Length)
        {
            Array.Resize(ref _staging, Math.Max(count, _staging.Length * 2));
        }

        return _staging.AsSpan(0, count);
    }

    private static string? Operate(in OperationData data, Span<ulong> frame, out TrapCode trap)
    {
        Span<ulong> result = Words(frame, data.Result);
        result.Clear();
        return Semantics.TryEvaluate(data.Operation, Words(frame, data.X), Words(frame, data.Y), Words(frame, data.Z), result, Words(frame, data.Second), out trap)
            ? null
            : $"{data.Operation.Opcode.Info().Name}.{data.Operation.Type}";
    }

    private static Span<ulong> Words(Span<ulong> frame, WordRange range) => frame.Slice(range.Start, range.Count);

    // ---- the common accesses

    private static int SizeOf(MicroKind kind) => kind switch
    {
        MicroKind.Load8 or MicroKind.LoadSigned8 or MicroKind.Store8 => 1,
        MicroKind.Load16 or MicroKind.LoadSigned16 or MicroKind.Store16 => 2,
        MicroKind.Load32 or MicroKind.LoadSigned32 or MicroKind.Store32 => 4,
        _ => 8,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryLocate(ulong pointer, in MicroOp op, int size, out Span<byte> bytes)
    {
        ulong address = pointer + op.Mask;
        if (op.NarrowAddress)
        {
            address = (uint)address;
        }

        // A stack address is its own offset in either width.
        ulong top = (ulong)_memory.StackTop;
        bool found;
        if (address < top && top - address >= (ulong)size)
        {
            bytes = _memory.Stack.AsSpan((int)address, size);
            found = true;
        }
        else
        {
            found = _memory.TryAccess(address, op.NarrowAddress, (ulong)size, out bytes);
        }

        return found && (address & op.Small) == 0;
    }

    private static ulong Load(in MicroOp op, ReadOnlySpan<byte> bytes)
    {
        int dropped = op.C;
        return op.Kind switch
        {
            MicroKind.Load8 => bytes[0],
            MicroKind.Load16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            MicroKind.Load32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            MicroKind.Load64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            MicroKind.LoadSigned8 => (ulong)(sbyte)bytes[0] << dropped >> dropped,
            MicroKind.LoadSigned16 => (ulong)BinaryPrimitives.ReadInt16LittleEndian(bytes) << dropped >> dropped,
            _ => (ulong)BinaryPrimitives.ReadInt32LittleEndian(bytes) << dropped >> dropped,
        };
    }

    private static void Store(MicroKind kind, Span<byte> bytes, ulong value)
    {
        switch (kind)
        {
            case MicroKind.Store8: bytes[0] = (byte)value; break;
            case MicroKind.Store16: BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value); break;
            case MicroKind.Store32: BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)value); break;
            default: BinaryPrimitives.WriteUInt64LittleEndian(bytes, value); break;
        }
    }
}
