using System.Collections.Generic;
using Xunit;

namespace MiniJit.IR.Tests.Text;

public sealed class ParserTests
{
    [Fact]
    public void A_file_has_tests_settings_features_comments_and_functions()
    {
        ParsedFile file = Parser.Parse("""
            ; preamble
            test interpret
            test run fast path=x
            set opt_level=speed enable_pinned_reg
            ; between
            target x86_64 has_avx2 ; not a comment
            target aarch64
            feature "a"
            feature !"b"
            ; last
            function %f() -> i32 { ; head
                gv0 = vmctx ; on gv0
                ; under gv0
            block0: ; on block0
                v0 = iconst.i32 1 ; on inst0
                ; under inst0
                return v0 ; on inst1
            }
            ; run: %f() == 1
            function u1:2() {
            block0: return }
            """, "a.clif");
        Assert.False(file.HasErrors, file.Diagnostics.ToString());
        Assert.Equal([["interpret"], ["run", "fast", "path=x"]], Words(file.Tests));
        Assert.Equal([["opt_level=speed", "enable_pinned_reg"], ["x86_64", "has_avx2", ";", "not", "a", "comment"], ["aarch64"]], Words(file.Settings));
        Assert.Equal(["set", "target", "target"], [file.Settings[0].Keyword, file.Settings[1].Keyword, file.Settings[2].Keyword]);
        Assert.Equal(6, file.Settings[1].Span.Line);
        Assert.Equal([new("a", false), new("b", true)], file.Features);
        Assert.Equal(["; preamble", "; between", "; last"], Texts(file.PreambleComments));
        Assert.Equal(
            [
                "function ; head", "gv0 ; on gv0", "gv0 ; under gv0", "block0 ; on block0",
                "inst0 ; on inst0", "inst0 ; under inst0", "inst1 ; on inst1", "function ; run: %f() == 1",
            ],
            Entities(file.Functions[0].Comments));
        Assert.Empty(file.Functions[1].Comments);
        Assert.Equal("%f", file.Functions[0].NameSpan.Text);
        Assert.Equal("v0 = iconst.i32 1", file.Functions[0].SpanOf(new(EntityKind.Inst, 0)).Text);
        Assert.Equal("block0:", file.Functions[0].SpanOf(new(EntityKind.Block, 0)).Text);
        Assert.Equal("gv0 = vmctx", file.Functions[0].SpanOf(new(EntityKind.GlobalValue, 0)).Text);
        Assert.Equal(17, file.Functions[0].SpanOf(new(EntityKind.Inst, 1), new(EntityKind.Value, 0)).Line);
        Assert.Equal(ExternalName.User(1, 2), file.Functions[1].Function.Name);
    }

    [Fact]
    public void Comments_after_an_alias_belong_to_nobody()
    {
        ParsedFile file = Parser.Parse("""
            function %f(i32) {
            block0(v0: i32):
                v1 -> v0 ; lost
                return ; kept
            }
            """);
        Assert.Equal(["inst0 ; kept"], Entities(file.Functions[0].Comments));
    }

    [Theory]
    [InlineData("", CallConv.Fast)]
    [InlineData("test interpret\n", CallConv.Fast)]
    [InlineData("test interpret\ntest run\n", null)]
    public void Signatures_without_a_convention_get_the_default_of_the_file(string header, CallConv? expected)
    {
        Function function = Parser.Parse(header + "function %f(i32) { sig0 = () -> i8\n fn0 = %g() fast }").Functions[0].Function;
        Assert.Equal(expected ?? CallConvs.HostDefault, function.Signature.CallConv);
        Assert.Equal(expected ?? CallConvs.HostDefault, function.SignatureList[0]!.CallConv);
        Assert.Equal(CallConv.Fast, function.SignatureList[1]!.CallConv);
    }

    // The caret's text, the id and the message.
    [Theory]
    [InlineData("v1 = iadd v0, v9", "P006", "v9", "undefined operand value v9")]
    [InlineData("v0 = iconst.i32 1", "P004", "v0", "duplicate entity: v0")]
    [InlineData("v1 = frobnicate v0", "P007", "frobnicate", "unknown opcode 'frobnicate'")]
    [InlineData("v1 = iconst 1", "P008", "iconst", "type variable required for polymorphic opcode, e.g. 'iconst.i32'")]
    [InlineData("v1 = iconst.f32 1", "P008", "f32", "f32 is not a valid typevar for iconst")]
    [InlineData("jump.i32 block0", "P008", "i32", "'jump' does not take a typevar")]
    [InlineData("v1 = iadd v2, v0\n v2 = ineg v0", "P008", "iadd", "type variable required for polymorphic opcode, e.g. 'iadd.i32'; can't infer from v2 which is not yet defined")]
    [InlineData("v1, v2 = iadd v0, v0", "P009", "iadd", "'iadd' has 1 result here, 2 given")]
    [InlineData("iadd v0, v0", "P009", "iadd", "'iadd' has 1 result here, 0 given")]
    [InlineData("v1 = call fn0()", "P009", "call", "'call' has 0 results here, 1 given")]
    [InlineData("call fn1()", "P005", "fn1", "'fn1' is not declared")]
    [InlineData("v1 = stack_addr.i64 ss1", "P005", "ss1", "'ss1' is not declared")]
    [InlineData("v1 = iconst.i8 256", "P003", "256", "'256' is too large")]
    [InlineData("v1 = f32const 0x1p3", "P002", "0x1p3", "expected a float, found '0x1p3'")]
    [InlineData("v1 = f32const 1.5", "P003", "1.5", "'1.5' is not a float: write 0.0, a hexadecimal float with a period, Inf or NaN")]
    [InlineData("v1 = load.i32 little big v0", "P011", "big", "a memory access cannot be both little and big")]
    [InlineData("v1 = load.i32 v0 8", "P003", "8", "'8' must begin with + or -")]
    [InlineData("v1 = icmp less v0, v0", "P002", "less", "expected an integer condition: eq, ne, slt, sge, sgt, sle, ult, uge, ugt or ule, found 'less'")]
    [InlineData("trap user0", "P002", "user0", "expected a trap code: stk_ovf, int_ovf, heap_oob, int_divz, bad_toint or user1 to user250, found 'user0'")]
    [InlineData("v1 -> v5", "P012", "v5", "an alias must name a value that is defined above: 'v5' is not")]
    [InlineData("v1 -> v0\n v2 -> v1\n v2 -> v0", "P004", "v2", "duplicate entity: v2")]
    [InlineData("return v0, stack_map=[]", "P002", "stack_map", "expected a value, found 'stack_map'")]
    [InlineData("nop, stack_map=[]", "P015", "stack_map", "'nop' cannot have a stack map: only calls that return can")]
    [InlineData("jump block100000", "P013", "block100000", "too many blocks: the number of 'block100000' must be below 100000")]
    [InlineData("v2147483646 = iconst.i8 0", "P013", "v2147483646", "the number of 'v2147483646' is too large for this file: the limit is 1048575")]
    [InlineData("v1 = vconst.i32x4 [1 2 3]", "P002", "]", "expected lane 3 of 4, found ']'")]
    [InlineData("v1 = vconst.i8x2 0x123456", "P014", "0x123456", "the constant has 3 bytes, i8x2 has 2")]
    [InlineData("v1 = iadd v0, $", "P001", "$", "invalid character; expected a value")]
    [InlineData("[", "P002", "[", "expected an instruction, a block or '}', found '['")]
    public void An_error_tells_what_is_wrong_and_where(string statement, string id, string caret, string message)
    {
        ParsedFile file = Parser.Parse($"function %f(i32) {{\n fn0 = %g()\n ss0 = explicit_slot 8\nblock0(v0: i32):\n {statement}\n return\n}}\n");
        Diagnostic diagnostic = Assert.Single(file.Diagnostics.Items);
        Assert.Equal((id, caret, message), (diagnostic.Id, diagnostic.Span.Text.ToString(), diagnostic.Message));
        Assert.Empty(file.Functions);
    }

    [Theory]
    [InlineData("ss0 = explicit_slot 8\n ss0 = explicit_slot 8", "P004", "duplicate entity: ss0")]
    [InlineData("ss0 = explicit_slot 8, align = 3", "P003", "the alignment must be a power of two below 2^32")]
    [InlineData("ss0 = explicit_slot -1", "P003", "'-1' must not be negative")]
    [InlineData("ss65536 = explicit_slot 8", "P013", "the number of 'ss65536' is too large: the limit is 65535")]
    [InlineData("sig4294967295 = ()", "P013", "the number of 'sig4294967295' is too large: the limit is 65535")]
    [InlineData("gv0 = load.i64 notrap gv0", "P011", "a load global value must be 'notrap aligned'")]
    [InlineData("gv0 = iadd_imm.i64 gv1, 4", "P005", "'gv1' is not declared")]
    [InlineData("region1 = 0 \"x\"", "P004", "alias regions are declared in order: expected region0, found region1")]
    [InlineData("stack_limit = gv0\n stack_limit = gv0\n gv0 = vmctx", "P004", "the stack limit is declared twice")]
    [InlineData("fn0 = %f sig0", "P005", "'sig0' is not declared")]
    [InlineData("const0 = 0x123", "P003", "'0x123' is malformed")]
    [InlineData("sig0 = (i32) fats", "P010", "'fats' is neither a parameter flag nor a calling convention")]
    [InlineData("region0 = 1 \"x", "P001", "the string has no end")]
    public void Declarations_are_checked(string declaration, string id, string message)
    {
        ParsedFile file = Parser.Parse($"function %f() {{\n {declaration}\nblock0:\n return\n}}\n");
        Diagnostic diagnostic = Assert.Single(file.Diagnostics.Items);
        Assert.Equal((id, message), (diagnostic.Id, diagnostic.Message));
    }

    [Fact]
    public void After_an_error_the_reader_goes_on_and_reports_the_next_ones_but_no_consequences()
    {
        ParsedFile file = Parser.Parse("""
            function %a(i32) {
            block0(v0: i32):
                v1 = bogus v0
                v2 = iadd v1, v1
                v3 = iadd v2, v0
                v4 = icmp xx v0, v0
                return
            }
            function %b(i32 {
            block0:
                trap nothing
            }
            function %c() {
            block0:
                return
            function %d() {
            block0:
                return
            }
            """);
        List<(int, string)> found = [];
        foreach (Diagnostic diagnostic in file.Diagnostics.Items)
        {
            found.Add((diagnostic.Span.Line, diagnostic.Id));
        }

        Assert.Equal([(3, "P007"), (6, "P002"), (9, "P002"), (11, "P002"), (16, "P002")], found);
        Assert.Equal("%d", Assert.Single(file.Functions).Function.Name.ToString());
    }

    [Fact]
    public void A_suffix_types_the_results_but_is_not_kept()
    {
        Function function = Parser.Parse("""
            function %f(i64) {
            block0(v0: i64):
                v1 = iadd.i32 v0, v0
                v2 = iadd.i32 v3, v0
                v3 = iconst.i16 1
                return
            }
            """).Functions[0].Function;
        Assert.Equal(IrType.I32, function.Dfg.TypeOf(Value.FromIndex(1)));
        Assert.Equal(IrType.I64, function.Dfg[Inst.FromIndex(0)].Type);
        Assert.Equal(IrType.I16, function.Dfg[Inst.FromIndex(1)].Type);
    }

    [Fact]
    public void A_literal_that_repeats_a_constant_shares_its_handle()
    {
        Function function = Parser.Parse("""
            function %f() {
                const0 = 0x00000001000000020000000300000004
                const1 = i32x4 [1 2 3 4]
            block0:
                v0 = vconst.i32x4 [4 3 2 1]
                v1 = vconst.i32x4 [1 2 3 4]
                v2 = vconst.i32x4 0x05
                v3 = vconst.i8x16 0x05
                return
            }
            """).Functions[0].Function;
        Assert.Equal([0, 1, 2, 2], [Handle(0), Handle(1), Handle(2), Handle(3)]);

        int Handle(int inst) => function.Dfg[Inst.FromIndex(inst)].Constant.Index;
    }

    private static List<List<string>> Words(IReadOnlyList<HeaderLine> lines)
    {
        List<List<string>> words = [];
        foreach (HeaderLine line in lines)
        {
            words.Add([.. line.Words]);
        }

        return words;
    }

    private static List<string> Texts(IReadOnlyList<SourceComment> comments)
    {
        List<string> texts = [];
        foreach (SourceComment comment in comments)
        {
            texts.Add(comment.Text.ToString());
        }

        return texts;
    }

    private static List<string> Entities(IReadOnlyList<SourceComment> comments)
    {
        List<string> texts = [];
        foreach (SourceComment comment in comments)
        {
            texts.Add($"{comment.Entity} {comment.Text}");
        }

        return texts;
    }
}
