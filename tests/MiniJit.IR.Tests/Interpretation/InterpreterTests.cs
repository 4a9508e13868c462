using System;
using MiniJit.IR.Building;
using MiniJit.IR.Interpretation;
using Xunit;

namespace MiniJit.IR.Tests.Interpretation;

public sealed class InterpreterTests
{
    private static readonly ExternalName s_f = ExternalName.Symbol("f"), s_g = ExternalName.Symbol("g");

    [Fact]
    public void A_loop_carries_its_values_through_block_parameters()
    {
        // Fibonacci: the two parameters are exchanged on the back edge, so their copies conflict.
        Function function = Declare(s_f, [IrType.I64], [IrType.I64]);
        FunctionBuilder b = new(function);
        Block entry = b.CreateEntry(), loop = b.CreateBlock(IrType.I64, IrType.I64, IrType.I64), done = b.CreateBlock();
        b.Jump(loop, b.Param(entry, 0), b.Iconst(IrType.I64, 0), b.Iconst(IrType.I64, 1));
        b.SwitchTo(loop);
        Value n = b.Param(loop, 0), x = b.Param(loop, 1), y = b.Param(loop, 2);
        Value sum = b.Iadd(x, y), less = b.Isub(n, b.Iconst(IrType.I64, 1));
        b.Brif(less, b.Target(loop, less, y, sum), b.Target(done));
        b.SwitchTo(done);
        b.Return(y);

        Assert.Equal("1134903170", Invoke(function, DataValue.I64(45)).ToString());
    }

    [Fact]
    public void Recursion_is_deep_without_host_stack()
    {
        Function function = SumByRecursion();
        InterpreterResult result = Invoke(function, DataValue.I64(900_000));
        Assert.Equal("405000450000", result.ToString());
    }

    [Fact]
    public void Endless_recursion_traps_with_stack_overflow()
    {
        Function function = SumByRecursion();
        InterpreterResult result = Invoke(function, DataValue.I64(-1));
        Assert.Equal(InterpreterResultKind.Trapped, result.Kind);
        Assert.Equal(TrapCode.StackOverflow, result.TrapCode);
    }

    [Fact]
    public void Ten_million_tail_calls_use_one_frame()
    {
        // f(n, a) = n == 0 ? a : g(n - 1, a + n), g likewise with f.
        Interpreter interpreter = new() { MaxDepth = 2 };
        foreach ((ExternalName name, ExternalName other) in new[] { (s_f, s_g), (s_g, s_f) })
        {
            Function function = Declare(name, [IrType.I64, IrType.I64], [IrType.I64], CallConv.Tail);
            function.AddStackSlot(new(64));
            FunctionBuilder b = new(function);
            FuncRef callee = Import(function, other, function.Signature);
            Block entry = b.CreateEntry(), more = b.CreateBlock(), done = b.CreateBlock();
            Value n = b.Param(entry, 0), a = b.Param(entry, 1);
            b.Brif(n, more, done);
            b.SwitchTo(more);
            b.ReturnCall(callee, b.Isub(n, b.Iconst(IrType.I64, 1)), b.Iadd(a, n));
            b.SwitchTo(done);
            b.Return(a);
            interpreter.Add(function);
        }

        Assert.Equal("50000005000000", interpreter.Invoke(s_f, [DataValue.I64(10_000_000), DataValue.I64(0)]).ToString());
    }

    [Fact]
    public void Fuel_ends_an_endless_loop()
    {
        Function function = Declare(s_f, [], []);
        FunctionBuilder b = new(function);
        b.CreateEntry();
        Block loop = b.CreateBlock();
        b.Jump(loop);
        b.SwitchTo(loop);
        b.Nop();
        b.Jump(loop);

        Interpreter interpreter = new() { Fuel = 1000 };
        interpreter.Add(function);
        Assert.Equal(InterpreterResultKind.OutOfFuel, interpreter.Invoke(s_f, []).Kind);
    }

    [Fact]
    public void A_trap_names_code_function_and_instruction()
    {
        Function function = Declare(s_f, [IrType.I32], [IrType.I32]);
        FunctionBuilder b = new(function);
        Block entry = b.CreateEntry();
        Value x = b.Param(entry, 0), quotient = b.Udiv(b.Iconst(IrType.I32, 7), x);
        b.Return(quotient);

        Assert.Equal("3", Invoke(function, DataValue.I32(2)).ToString());
        InterpreterResult result = Invoke(function, DataValue.I32(0));
        Assert.Equal(TrapCode.IntegerDivisionByZero, result.TrapCode);
        Assert.Equal(function.Dfg.DefInst(quotient), result.Inst);
        Assert.Equal("trap int_divz at %f inst1 (udiv)", result.ToString());
    }

    [Fact]
    public void Wide_values_pass_through_calls_and_edges()
    {
        // Wider than two words inside, 128 bits at the border.
        IrType wide = IrType.I64.By(8);
        Function g = Declare(s_g, [wide, IrType.I128], [wide, IrType.I128]);
        FunctionBuilder b = new(g);
        Block entry = b.CreateEntry(), next = b.CreateBlock(IrType.I128, wide);
        b.Jump(next, b.Param(entry, 1), b.Param(entry, 0));
        b.SwitchTo(next);
        b.Return(b.Iadd(b.Param(next, 1), b.Param(next, 1)), b.Ineg(b.Param(next, 0)));

        Function f = Declare(s_f, [IrType.I64, IrType.I128], [IrType.I64, IrType.I128]);
        b = new(f);
        FuncRef callee = Import(f, s_g, g.Signature);
        entry = b.CreateEntry();
        Value vector = b.Splat(wide, b.Param(entry, 0));
        Inst call = b.Call(callee, vector, b.Param(entry, 1));
        b.Return(b.Extractlane(f.Dfg.Results(call)[0], 7), f.Dfg.Results(call)[1]);

        Interpreter interpreter = new();
        interpreter.Add(f);
        interpreter.Add(g);
        Assert.Equal("[42, -18446744073709551616]", interpreter.Invoke(s_f, [DataValue.I64(21), DataValue.I128(Int128.One << 64)]).ToString());
        Assert.Equal(InterpreterResultKind.Unsupported, interpreter.Invoke(s_g, []).Kind);
    }

    [Fact]
    public void A_function_without_a_body_is_not_supported()
    {
        InterpreterResult result = Invoke(Declare(s_f, [], []));
        Assert.Equal("not supported by the interpreter in %f: %f has no body", result.ToString());
    }

    private static Function SumByRecursion()
    {
        Function function = Declare(s_f, [IrType.I64], [IrType.I64]);
        FunctionBuilder b = new(function);
        FuncRef self = Import(function, s_f, function.Signature);
        Block entry = b.CreateEntry(), more = b.CreateBlock(), done = b.CreateBlock();
        Value n = b.Param(entry, 0);
        b.Brif(n, more, done);
        b.SwitchTo(more);
        Inst call = b.Call(self, b.Isub(n, b.Iconst(IrType.I64, 1)));
        b.Return(b.Iadd(n, b.Result(call)));
        b.SwitchTo(done);
        b.Return(n);
        return function;
    }

    private static Function Declare(ExternalName name, IrType[] parameters, IrType[] results, CallConv callConv = CallConv.Fast)
    {
        Function function = new(name, callConv);
        foreach (IrType type in parameters)
        {
            function.Signature.Params.Add(new(type));
        }

        foreach (IrType type in results)
        {
            function.Signature.Returns.Add(new(type));
        }

        return function;
    }

    private static FuncRef Import(Function function, ExternalName name, Signature signature) =>
        function.AddFunction(new(name, function.AddSignature(signature)));

    private static InterpreterResult Invoke(Function function, params ReadOnlySpan<DataValue> args)
    {
        Interpreter interpreter = new();
        interpreter.Add(function);
        return interpreter.Invoke(function.Name, args);
    }
}
