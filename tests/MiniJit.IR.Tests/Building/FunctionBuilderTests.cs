using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using MiniJit.IR.Building;
using MiniJit.IR.Verification;
using Xunit;

namespace MiniJit.IR.Tests.Building;

public sealed class FunctionBuilderTests
{
    [Fact]
    public void A_small_function_has_the_instructions_that_were_asked_for()
    {
        Function function = NewFunction([IrType.I64, IrType.I64], [IrType.I64]);
        FunctionBuilder b = new(function);
        Block entry = b.CreateEntry();
        Value sum = b.Iadd(b.Param(entry, 0), b.Param(entry, 1));
        Value doubled = b.Ishl(sum, b.Iconst(IrType.I8, 1));
        b.Return(doubled);
        b.Finish();

        Assert.Equal([Opcode.Iadd, Opcode.Iconst, Opcode.Ishl, Opcode.Return], Opcodes(function, entry));
        Assert.Equal(IrType.I64, function.Dfg.TypeOf(doubled));
        Assert.Equal(sum, function.Dfg.Args(function.Dfg.DefInst(doubled))[0]);
    }

    [Fact]
    public void There_is_a_method_for_every_opcode()
    {
        HashSet<string> methods = [.. typeof(FunctionBuilder).GetMethods().Select(method => method.Name)];
        foreach (OpcodeInfo info in OpcodeTable.Rows[1..])
        {
            Assert.Contains(info.Opcode.ToString(), methods);
        }
    }

    [Fact]
    public void Every_method_on_values_emits_its_opcode_with_its_operands_in_order()
    {
        int tried = 0;
        foreach (OpcodeInfo info in OpcodeTable.Rows[1..])
        {
            if (info.Format is not (InstructionFormat.Unary or InstructionFormat.Binary or InstructionFormat.Ternary))
            {
                continue;
            }

            tried++;
            IrType controlling = info.IsPolymorphic ? FirstType(type => info.ControllingTypes.Contains(type) && Fits(info, type)) : default;
            IrType[] operands = [.. Enumerable.Range(0, info.Operands.Length).Select(i => OperandType(info, controlling, i))];
            Function function = NewFunction(operands, []);
            FunctionBuilder b = new(function);
            Block entry = b.CreateEntry();
            List<object> args = info.Suffix.Kind == TypeSuffixKind.Mandatory ? [controlling] : [];
            args.AddRange(Enumerable.Range(0, operands.Length).Select(i => (object)b.Param(entry, i)));
            MethodInfo method = typeof(FunctionBuilder).GetMethod(info.Opcode.ToString(), [.. args.Select(arg => arg.GetType())])!;
            Assert.True(method is not null, info.Name);
            method!.Invoke(b, [.. args]);

            Inst inst = function.Layout.LastInst(entry);
            Assert.Equal(info.Opcode, function.Dfg[inst].Opcode);
            Assert.Equal(controlling, function.Dfg[inst].Type);
            Assert.Equal(function.Dfg.Params(entry).ToArray(), function.Dfg.Args(inst).ToArray());
            Assert.Equal(info.Results.Length, function.Dfg.Results(inst).Length);
        }

        Assert.True(tried > 90);
    }

    [Fact]
    public void A_function_with_every_other_instruction_is_valid()
    {
        Function function = NewFunction([IrType.I64, IrType.I32, IrType.F32, IrType.I8X16, IrType.I32X4], [IrType.I32]);
        function.Signature.CallConv = CallConv.Tail;
        StackSlot slot = function.AddStackSlot(new(16));
        GlobalValue symbol = function.AddGlobalValue(new GlobalValueData { Kind = GlobalValueKind.Symbol, Name = ExternalName.Symbol("there") });
        Signature signature = new(CallConv.Tail);
        signature.Returns.Add(new(IrType.I32));
        SigRef sig = function.AddSignature(signature);
        FuncRef callee = function.AddFunction(new(ExternalName.Symbol("callee"), sig));
        FunctionBuilder b = new(function) { SourceLocation = 7 };
        Block entry = b.CreateEntry();
        (Value p, Value i, Value f, Value bytes, Value lanes) = (b.Param(entry, 0), b.Param(entry, 1), b.Param(entry, 2), b.Param(entry, 3), b.Param(entry, 4));
        MemFlags flags = MemFlags.Trusted;

        b.Iconst(IrType.I64, long.MinValue);
        b.F16const((Half)1);
        b.F32const(1);
        b.F64const(1);
        b.F128const(UInt128.One);
        b.Vconst(IrType.I32X4, new byte[16]);
        b.Icmp(IntCC.Equal, i, i);
        b.Fcmp(FloatCC.Ordered, f, f);
        b.UaddOverflowTrap(i, i, TrapCode.User(1));
        b.Extractlane(lanes, 3);
        b.Insertlane(lanes, i, 0);
        b.Shuffle(bytes, bytes, UInt128.Zero);
        b.Bitcast(IrType.I32, f);
        b.Bitcast(IrType.I32X4, MemFlags.Default.WithLittle(), bytes);
        b.Load(IrType.F64, flags, p, -8);
        b.Store(flags, f, p, 8);
        b.Uload8(IrType.I32, flags, p);
        b.Sload8(IrType.I16, flags, p);
        b.Istore8(flags, i, p);
        b.Uload16(IrType.I32, flags, p);
        b.Sload16(IrType.I64, flags, p);
        b.Istore16(flags, i, p);
        b.Uload32(flags, p);
        b.Sload32(flags, p);
        b.Istore32(flags, p, p);
        b.Uload8x8(flags, p);
        b.Sload8x8(flags, p);
        b.Uload16x4(flags, p);
        b.Sload16x4(flags, p);
        b.Uload32x2(flags, p);
        b.Sload32x2(flags, p);
        b.StackAddr(IrType.I64, slot, 4);
        b.SymbolValue(IrType.I64, symbol);
        b.TlsValue(IrType.I64, symbol);
        b.GetPinnedReg(IrType.I64);
        b.GetFramePointer(IrType.I64);
        b.GetStackPointer(IrType.I64);
        b.GetReturnAddress(IrType.I64);
        b.AtomicRmw(IrType.I32, flags, AtomicRmwOp.Nand, p, i);
        b.AtomicCas(flags, p, i, i);
        b.AtomicLoad(IrType.I8, flags, p);
        b.AtomicStore(flags, i, p);
        b.Fence();
        b.Debugtrap();
        b.Nop();
        b.SequencePoint();
        b.Trapz(i, TrapCode.User(2));
        b.Trapnz(i, TrapCode.User(3));
        b.Call(callee);
        b.CallIndirect(sig, b.FuncAddr(IrType.I64, callee));

        Block[] blocks = [.. Enumerable.Range(0, 8).Select(_ => b.CreateBlock())];
        Block normal = b.CreateBlock(IrType.I32), handler = b.CreateBlock(IrType.I64);
        b.GetExceptionHandlerAddress(IrType.I64, blocks[0], 0);
        b.Jump(blocks[0]);
        b.SwitchTo(blocks[0]);
        ExceptionItem[] items = [new(ExceptionItemKind.Tag, 5, b.CallTarget(handler, BlockArg.Exn(1)), default), new(ExceptionItemKind.Context, 0, default, p)];
        b.TryCall(callee, [], b.CallTarget(normal, BlockArg.Ret(0)), items);
        b.SwitchTo(normal);
        b.TryCallIndirect(sig, p, [], b.CallTarget(blocks[1]), []);
        b.SwitchTo(handler);
        b.Brif(i, blocks[2], blocks[3]);
        b.SwitchTo(blocks[1]);
        b.Trap(TrapCode.User(4));
        b.SwitchTo(blocks[2]);
        b.ReturnCall(callee);
        b.SwitchTo(blocks[3]);
        b.BrTable(i, blocks[4], [blocks[5], blocks[4]]);
        b.SwitchTo(blocks[4]);
        b.ReturnCallIndirect(sig, p);
        b.SwitchTo(blocks[5]);
        b.Return(i);
        b.Finish();

        DiagnosticBag bag = new();
        new Verifier().Verify(function, new() { PointerType = IrType.I64, EnablePinnedReg = true, PreserveFramePointers = true }, bag);
        Assert.Empty(bag.Items);

        HashSet<Opcode> emitted = [];
        for (Block block = function.Layout.EntryBlock; !block.IsNone; block = function.Layout.Next(block))
        {
            emitted.UnionWith(Opcodes(function, block));
        }

        // The others are tried by the test above, or need a dynamic vector.
        IEnumerable<OpcodeInfo> rest = OpcodeTable.Rows[1..].ToArray().Where(info =>
            !emitted.Contains(info.Opcode) && info.Format is not (InstructionFormat.Unary or InstructionFormat.Binary or InstructionFormat.Ternary));
        Assert.Equal([Opcode.DynamicStackAddr, Opcode.ExtractVector], rest.Select(info => info.Opcode));
        Assert.True(function.TryGetSourceLoc(function.Layout.FirstInst(entry), out uint location) && location == 7);

        ParsedFile file = Parser.Parse(Printer.Print(function));
        Assert.True(!file.HasErrors, file.Diagnostics.ToString());
        Assert.Equal(Printer.Print(function), Printer.Print(file.Functions[0].Function));
    }

    [Fact]
    public void Misuse_throws_where_it_happens()
    {
        Function function = NewFunction([IrType.I32, IrType.I64], [IrType.I32]);
        FunctionBuilder b = new(function);
        Assert.Throws<InvalidOperationException>(() => b.Nop());
        Block entry = b.CreateEntry();
        Value x = b.Param(entry, 0), y = b.Param(entry, 1);
        Block next = b.CreateBlock(IrType.I32);

        Assert.Throws<ArgumentException>(() => b.Iadd(x, y));
        Assert.Throws<ArgumentException>(() => b.Fadd(x, x));
        Assert.Throws<ArgumentException>(() => b.Iadd(x, Value.FromIndex(99)));
        Assert.Throws<ArgumentException>(() => b.Uextend(IrType.I32, y));
        Assert.Throws<ArgumentException>(() => b.Return(y));
        Assert.Throws<ArgumentException>(() => b.Jump(next));
        Assert.Throws<ArgumentException>(() => b.Jump(next, y));
        Assert.Throws<ArgumentException>(() => b.Trap(default));
        Assert.Throws<ArgumentOutOfRangeException>(() => b.Iconst(IrType.I8, 256));
        Assert.Throws<ArgumentException>(() => b.Vconst(IrType.I32X4, [1, 2]));
        Assert.Throws<ArgumentException>(() => b.Define(b.DeclareVariable(IrType.F32), x));
        Assert.Throws<InvalidOperationException>(() => b.SwitchTo(next));
        Assert.Throws<InvalidOperationException>(b.Finish);
        b.Jump(next, x);
        Assert.Throws<InvalidOperationException>(() => b.Jump(next, x));
        Assert.Throws<InvalidOperationException>(() => b.SwitchTo(entry));
        Assert.Throws<InvalidOperationException>(() => b.AppendParam(next, IrType.I8));
        Assert.Throws<InvalidOperationException>(b.Finish);
        b.SwitchTo(next);
        b.Seal(next);
        Assert.Throws<InvalidOperationException>(() => b.Jump(next, x));
        b.Return(b.Param(next, 0));
        b.Finish();
        Assert.Throws<ArgumentException>(() => b.Begin(function));
        Assert.Equal([Opcode.Jump], Opcodes(function, entry));
    }

    [Fact]
    public void A_call_has_the_results_of_its_signature_and_checks_its_arguments()
    {
        Function function = NewFunction([IrType.I64], []);
        Signature signature = new(CallConv.SystemV);
        signature.Params.Add(new(IrType.I64));
        signature.Returns.Add(new(IrType.F32));
        signature.Returns.Add(new(IrType.I8));
        SigRef sig = function.AddSignature(signature);
        FuncRef callee = function.AddFunction(new(ExternalName.Symbol("callee"), sig));
        FunctionBuilder b = new(function);
        Value x = b.Param(b.CreateEntry(), 0);

        Inst direct = b.Call(callee, x);
        Inst indirect = b.CallIndirect(sig, b.FuncAddr(IrType.I64, callee), x);
        foreach (Inst call in new[] { direct, indirect })
        {
            Assert.Equal([IrType.F32, IrType.I8], function.Dfg.Results(call).ToArray().Select(function.Dfg.TypeOf));
        }

        Assert.Equal(2, function.Dfg.Args(indirect).Length);
        Assert.Throws<ArgumentException>(() => b.Call(callee));
        Assert.Throws<ArgumentException>(() => b.CallIndirect(sig, x, b.Result(direct)));
    }

    [Fact]
    public void A_loop_variable_becomes_a_parameter_and_an_invariant_one_does_not()
    {
        Function function = NewFunction([IrType.I32], [IrType.I32]);
        FunctionBuilder b = new(function);
        Block entry = b.CreateEntry(), header = b.CreateBlock(), body = b.CreateBlock(), exit = b.CreateBlock();
        Variable i = b.DeclareVariable(IrType.I32), limit = b.DeclareVariable(IrType.I32);
        b.Define(limit, b.Param(entry, 0));
        b.Define(i, b.Iconst(IrType.I32, 0));
        b.Jump(header);
        b.SwitchTo(header);
        b.Brif(b.Icmp(IntCC.UnsignedLessThan, b.Use(i), b.Use(limit)), body, exit);
        b.SwitchTo(body);
        b.Define(i, b.Iadd(b.Use(i), b.Iconst(IrType.I32, 1)));
        b.Jump(header);
        b.Seal(header);
        b.SwitchTo(exit);
        b.Return(b.Use(i));
        b.Finish();

        DataFlowGraph dfg = function.Dfg;
        Assert.Equal(1, dfg.Params(header).Length);
        Assert.Equal(0, dfg.Params(body).Length);
        Inst compare = function.Layout.FirstInst(header);
        Assert.Equal(dfg.Params(header)[0], dfg.Args(compare)[0]);
        Assert.Equal(dfg.Params(entry)[0], dfg.Args(compare)[1]);
        Assert.Equal(dfg.Params(header)[0], dfg.Args(function.Layout.FirstInst(exit))[0]);
    }

    [Fact]
    public void An_unassigned_variable_is_zero_of_its_type()
    {
        IrType[] types = [IrType.I8, IrType.I128, IrType.F16, IrType.F32, IrType.F64, IrType.F128, IrType.I32X4];
        Function function = NewFunction([], types);
        FunctionBuilder b = new(function);
        b.CreateEntry();
        b.Return([.. types.Select(type => b.Use(b.DeclareVariable(type)))]);
        b.Finish();
        Inst ret = function.Layout.LastInst(function.Layout.EntryBlock);
        Assert.Equal(types, function.Dfg.Args(ret).ToArray().Select(function.Dfg.TypeOf));
    }

    [Fact]
    public void Fifty_thousand_joins_do_not_overflow_the_stack()
    {
        const int Joins = 50_000;
        Function function = NewFunction([IrType.I32], [IrType.I32]);
        FunctionBuilder b = new(function);
        Block entry = b.CreateEntry();
        Variable x = b.DeclareVariable(IrType.I32);
        b.Define(x, b.Param(entry, 0));
        for (int i = 0; i < Joins; i++)
        {
            Block left = b.CreateBlock(), right = b.CreateBlock(), join = b.CreateBlock();
            b.Brif(b.Param(entry, 0), left, right);
            foreach (Block arm in new[] { left, right })
            {
                b.Seal(arm);
                b.SwitchTo(arm);
                b.Jump(join);
            }

            b.Seal(join);
            b.SwitchTo(join);
        }

        Block last = b.CurrentBlock;
        b.Return(b.Use(x));
        b.Finish();
        Assert.Equal(b.Param(entry, 0), function.Dfg.Args(function.Layout.LastInst(last))[0]);
        Assert.Equal(0, function.Dfg.Params(last).Length);
    }

    [Fact]
    public void On_every_path_a_use_sees_the_last_assignment()
    {
        Random random = new(4711);
        for (int round = 0; round < 400; round++)
        {
            int[][] graph = Analysis.GraphFunctions.Random(random, 12);
            CheckRandomProgram(WithoutEntryTargets(graph), random, $"round {round}");
        }
    }

    // ---- a random program: every block assigns to and uses some variables; then random paths are walked through both worlds

    private enum StepKind
    {
        Assign,
        Use,
    }

    private static void CheckRandomProgram(int[][] graph, Random random, string what)
    {
        const int Variables = 3;
        Function function = NewFunction([IrType.I32], []);
        FunctionBuilder b = new(function);
        Variable[] variables = [.. Enumerable.Range(0, Variables).Select(_ => b.DeclareVariable(IrType.I64))];
        Block[] blocks = new Block[graph.Length];
        blocks[0] = b.CreateEntry();
        for (int i = 1; i < blocks.Length; i++)
        {
            blocks[i] = b.CreateBlock();
        }

        List<(StepKind Kind, int Variable, long Number, Inst Inst)>[] steps = [.. blocks.Select(_ => new List<(StepKind, int, long, Inst)>())];
        int[] missing = new int[graph.Length];
        foreach (int target in graph.SelectMany(targets => targets))
        {
            missing[target]++;
        }

        long number = 1;
        for (int i = 0; i < graph.Length; i++)
        {
            b.SwitchTo(blocks[i]);
            for (int count = random.Next(4); count > 0; count--)
            {
                int variable = random.Next(Variables);
                if (random.Next(2) == 0)
                {
                    b.Define(variables[variable], b.Iconst(IrType.I64, number));
                    steps[i].Add((StepKind.Assign, variable, number++, default));
                }
                else
                {
                    b.Ineg(b.Use(variables[variable]));
                    steps[i].Add((StepKind.Use, variable, 0, function.Layout.LastInst(blocks[i])));
                }
            }

            Value selector = b.Param(blocks[0], 0);
            BlockCall[] calls = [.. graph[i].Select(target => b.Target(blocks[target]))];
            _ = calls.Length switch
            {
                0 => b.Return(),
                1 => b.Jump(blocks[graph[i][0]]),
                2 => b.Brif(selector, calls[0], calls[1]),
                _ => b.BrTable(selector, calls[0], calls.AsSpan(1)),
            };
            foreach (int target in graph[i])
            {
                if (--missing[target] == 0 && random.Next(2) == 0)
                {
                    b.Seal(blocks[target]);
                }
            }
        }

        b.Finish();
        for (int walk = 0; walk < 20; walk++)
        {
            Walk(function, graph, blocks, steps, random, Variables, what);
        }
    }

    private static void Walk(Function function, int[][] graph, Block[] blocks, List<(StepKind Kind, int Variable, long Number, Inst Inst)>[] steps, Random random, int variables, string what)
    {
        DataFlowGraph dfg = function.Dfg;
        Dictionary<Value, long> values = [];
        long[] expected = new long[variables];
        int at = 0;
        for (int hops = 0; hops < 40; hops++)
        {
            for (Inst inst = function.Layout.FirstInst(blocks[at]); !inst.IsNone; inst = function.Layout.Next(inst))
            {
                if (dfg[inst].Opcode == Opcode.Iconst)
                {
                    values[dfg.FirstResult(inst)] = dfg[inst].Imm;
                }
                else if (dfg[inst].Opcode == Opcode.Ineg)
                {
                    values.TryAdd(dfg.FirstResult(inst), 0);
                }
            }

            foreach ((StepKind kind, int variable, long number, Inst inst) in steps[at])
            {
                if (kind == StepKind.Assign)
                {
                    expected[variable] = number;
                }
                else
                {
                    Value used = dfg.Args(inst)[0];
                    Assert.True(values.TryGetValue(used, out long actual) && actual == expected[variable], $"{what}: {used} in {blocks[at]}: {Analysis.GraphFunctions.Show(graph)}");
                }
            }

            if (graph[at].Length == 0)
            {
                return;
            }

            int choice = random.Next(graph[at].Length);
            BlockCall call = dfg.Destinations(function.Layout.LastInst(blocks[at]))[choice];
            at = graph[at][choice];
            Assert.Equal(blocks[at], dfg.BlockOf(call));
            long[] args = [.. dfg.BlockArgs(call).ToArray().Select(arg => values[arg.Value])];
            ReadOnlySpan<Value> parameters = dfg.Params(blocks[at]);
            Assert.Equal(parameters.Length, args.Length);
            for (int i = 0; i < args.Length; i++)
            {
                values[parameters[i]] = args[i];
            }
        }
    }

    private static int[][] WithoutEntryTargets(int[][] graph)
    {
        int[][] result = [.. graph.Select(targets => targets.Select(target => target + 1).ToArray())];
        return [[1], .. result];
    }

    // ---- helpers

    private static Function NewFunction(IrType[] parameters, IrType[] results)
    {
        Function function = new(ExternalName.Symbol("f"), CallConv.SystemV);
        function.Signature.Params.AddRange(parameters.Select(type => new AbiParam(type)));
        function.Signature.Returns.AddRange(results.Select(type => new AbiParam(type)));
        return function;
    }

    private static Opcode[] Opcodes(Function function, Block block)
    {
        List<Opcode> opcodes = [];
        for (Inst inst = function.Layout.FirstInst(block); !inst.IsNone; inst = function.Layout.Next(inst))
        {
            opcodes.Add(function.Dfg[inst].Opcode);
        }

        return [.. opcodes];
    }

    private static bool Fits(OpcodeInfo info, IrType controlling) => Enumerable.Range(0, info.Operands.Length).All(i => !OperandType(info, controlling, i).IsNone);

    private static IrType OperandType(OpcodeInfo info, IrType controlling, int operand)
    {
        TypeRule rule = info.Operands[operand];
        IrType resolved = TypeRules.Resolve(rule, controlling);
        return resolved.IsNone ? FirstType(type => TypeRules.Allows(rule, controlling, type)) : resolved;
    }

    private static IrType FirstType(Func<IrType, bool> fits) =>
        Enumerable.Range(1, IrType.RawLimit - 1).Select(raw => IrType.FromRaw((byte)raw)).Where(type => (type.Raw & 15) is >= 1 and <= 9).FirstOrDefault(fits);
}
