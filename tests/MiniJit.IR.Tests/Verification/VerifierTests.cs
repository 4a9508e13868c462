using System;
using System.Collections.Generic;
using System.Linq;
using MiniJit.IR.Building;
using MiniJit.IR.Verification;
using Xunit;

namespace MiniJit.IR.Tests.Verification;

/// <summary>What a text cannot provoke, and what concerns the verifier as a component; the rules themselves are in filetests/verifier.</summary>
public sealed class VerifierTests
{
    private static readonly VerifierOptions s_host = new() { PointerType = IrType.I64 };

    [Fact]
    public void A_built_function_is_valid() => Assert.Empty(Errors(Countdown()));

    [Fact]
    public void A_valid_function_costs_no_allocation_once_warm()
    {
        Function[] functions = [Countdown(), Countdown(), Countdown()];
        Verifier verifier = new();
        DiagnosticBag bag = new();
        long before = 0;
        for (int round = 0; round < 2; round++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            foreach (Function function in functions)
            {
                verifier.Verify(function, s_host, bag);
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(bag.IsEmpty);
    }

    [Fact]
    public void A_verifier_forgets_the_function_before()
    {
        Function bad = Countdown();
        bad.Layout.Remove(bad.Layout.LastInst(bad.Layout.EntryBlock));
        Verifier verifier = new();
        DiagnosticBag bag = new();
        Assert.False(verifier.Verify(bad, s_host, bag));
        int count = bag.Count;
        Assert.True(verifier.Verify(Countdown(), s_host, bag));
        Assert.Equal(count, bag.Count);
    }

    [Fact]
    public void A_block_without_instructions_is_an_error_of_the_block()
    {
        Function function = Countdown();
        Block empty = function.Dfg.MakeBlock();
        function.Layout.Append(empty);
        Assert.Equal([$"{empty}: {empty} cannot be empty"], Errors(function));
    }

    [Fact]
    public void A_block_that_runs_out_is_an_error_of_the_block()
    {
        Function function = Countdown();
        Block entry = function.Layout.EntryBlock;
        Append(function, InstructionData.NullAry(Opcode.Nop, default));
        function.Layout.Remove(function.Layout.LastInst(entry));
        Assert.Contains($"{entry}: block does not end in a terminator instruction", Errors(function));
    }

    [Fact]
    public void A_terminator_in_the_middle_is_an_error_of_the_instruction()
    {
        Function function = Countdown();
        Inst trap = function.Dfg.MakeInst(InstructionData.Trap(Opcode.Trap, default, TrapCode.User(1)));
        function.Layout.InsertBefore(trap, function.Layout.LastInst(function.Layout.EntryBlock));
        Assert.Equal([$"{trap}: a terminator instruction was encountered before the end of block0"], Errors(function));
    }

    [Fact]
    public void An_iconst_beyond_its_type_is_out_of_bounds()
    {
        Function function = Countdown();
        Inst inst = Append(function, InstructionData.UnaryImm(Opcode.Iconst, IrType.I8, 200));
        Assert.Equal([$"{inst}: constant immediate is out of bounds"], Errors(function));
    }

    [Fact]
    public void An_operand_that_does_not_exist_is_reported_once()
    {
        Function function = Countdown();
        Inst inst = Append(function, InstructionData.Unary(Opcode.Ineg, IrType.I32, Value.FromIndex(999)));
        Assert.Equal([$"{inst}: invalid value reference v999"], Errors(function));
    }

    [Fact]
    public void A_value_whose_instruction_was_removed_has_no_block()
    {
        Function function = Countdown();
        Inst negation = Append(function, InstructionData.Unary(Opcode.Ineg, IrType.I32, function.Dfg.Params(function.Layout.EntryBlock)[0]));
        Value value = function.Dfg.FirstResult(negation);
        Inst user = Append(function, InstructionData.Unary(Opcode.Ineg, IrType.I32, value));
        function.Layout.Remove(negation);
        Assert.Equal([$"{user}: {value} is defined by {negation} which has no block"], Errors(function));
    }

    [Theory]
    [InlineData(Opcode.StackAddr, "invalid stack slot reference ss7")]
    [InlineData(Opcode.DynamicStackAddr, "invalid dynamic stack slot reference dss7")]
    [InlineData(Opcode.SymbolValue, "invalid global value reference gv7")]
    [InlineData(Opcode.FuncAddr, "invalid function reference fn7")]
    public void An_entity_that_does_not_exist_is_an_error(Opcode opcode, string message)
    {
        Function function = Countdown();
        Inst inst = Append(function, InstructionData.UnaryEntity(opcode, IrType.I64, 8));
        Assert.Equal([$"{inst}: {message}"], Errors(function));
    }

    [Fact]
    public void A_memory_region_that_does_not_exist_is_an_error()
    {
        Function function = Countdown();
        ushort flags = function.Dfg.InternMemFlags(MemFlags.Default.WithRegion(AliasRegion.FromIndex(3)));
        Inst inst = Append(function, InstructionData.Load(Opcode.Load, IrType.I8, flags, function.Dfg.Params(function.Layout.EntryBlock)[1], 0));
        Assert.Equal([$"{inst}: undefined alias region region3"], Errors(function));
    }

    [Fact]
    public void Results_that_are_missing_are_counted()
    {
        Function function = Countdown();
        Inst inst = function.Dfg.MakeInst(InstructionData.Unary(Opcode.Ineg, IrType.I32, function.Dfg.Params(function.Layout.EntryBlock)[0]));
        function.Layout.InsertBefore(inst, function.Layout.LastInst(function.Layout.EntryBlock));
        Assert.Equal([$"{inst}: has 0 results, expected 1"], Errors(function));
    }

    [Fact]
    public void Machine_state_needs_a_target_that_has_it()
    {
        Function function = Countdown();
        Inst pinned = Append(function, InstructionData.NullAry(Opcode.GetPinnedReg, IrType.I64));
        Inst frame = Append(function, InstructionData.NullAry(Opcode.GetFramePointer, IrType.I64));
        Inst stack = Append(function, InstructionData.NullAry(Opcode.GetStackPointer, IrType.I64));
        Assert.False(stack.IsNone);
        Assert.Equal([$"{pinned}: get_pinned_reg cannot be used without a target", $"{frame}: get_frame_pointer cannot be used without a target"], Errors(function, default));
        Assert.Equal([$"{pinned}: get_pinned_reg cannot be used without enable_pinned_reg", $"{frame}: get_frame_pointer cannot be used without preserve_frame_pointers"], Errors(function));
        Assert.Empty(Errors(function, s_host with { EnablePinnedReg = true, PreserveFramePointers = true }));
    }

    [Fact]
    public void A_long_chain_of_global_values_is_checked_in_time()
    {
        const int Length = 200_000;
        Function function = Countdown();
        for (int i = 0; i < Length; i++)
        {
            function.AddGlobalValue(new GlobalValueData { Kind = GlobalValueKind.IAddImm, Type = IrType.I64, Base = GlobalValue.FromIndex((i + 1) % Length) });
        }

        string error = Assert.Single(Errors(function));
        Assert.StartsWith("gv0: global value cycle: [gv0, gv1, gv2, ", error, StringComparison.Ordinal);
    }

    // ---- helpers

    /// <summary>A loop with a variable, a call, memory and a conditional trap.</summary>
    private static Function Countdown()
    {
        Function function = new(ExternalName.Symbol("countdown"), CallConv.SystemV);
        function.Signature.Params.Add(new(IrType.I32));
        function.Signature.Params.Add(new(IrType.I64));
        function.Signature.Returns.Add(new(IrType.I32));
        FuncRef callee = function.AddFunction(new(ExternalName.Symbol("callee"), function.AddSignature(new Signature(CallConv.SystemV))));
        FunctionBuilder b = new(function);
        Block entry = b.CreateEntry(), loop = b.CreateBlock(), exit = b.CreateBlock();
        Variable count = b.DeclareVariable(IrType.I32);
        b.Define(count, b.Param(entry, 0));
        b.Jump(loop);
        b.SwitchTo(loop);
        b.Call(callee);
        b.Store(MemFlags.Default, b.Use(count), b.Param(entry, 1), 8);
        b.Define(count, b.Isub(b.Use(count), b.Iconst(IrType.I32, 1)));
        b.Trapz(b.Icmp(IntCC.SignedGreaterThan, b.Use(count), b.Load(IrType.I32, MemFlags.Trusted, b.Param(entry, 1))), TrapCode.User(1));
        b.Brif(b.Use(count), loop, exit);
        b.SwitchTo(exit);
        b.Return(b.Use(count));
        b.Finish();
        return function;
    }

    /// <summary>Puts an instruction before the entry's terminator.</summary>
    private static Inst Append(Function function, InstructionData data)
    {
        Inst inst = function.Dfg.MakeInst(data);
        function.Dfg.MakeResults(inst);
        function.Layout.InsertBefore(inst, function.Layout.LastInst(function.Layout.EntryBlock));
        return inst;
    }

    private static IEnumerable<string> Errors(Function function) => Errors(function, s_host);

    private static IEnumerable<string> Errors(Function function, VerifierOptions options)
    {
        DiagnosticBag bag = new();
        Assert.Equal(new Verifier().Verify(function, options, bag), bag.IsEmpty);
        return bag.Items.Select(item => $"{item.Entity}: {item.Message}");
    }
}
