using System.IO;
using MiniJit.IR.Tests.Support;
using Xunit;

namespace MiniJit.IR.Tests.Text;

public sealed class PrinterTests
{
    /// <summary>Canonical text of every kind of declaration and operand: printing it back must not change a character.</summary>
    internal const string Canonical = """
        function %all(i64 vmctx, i32 sext, i64 sarg(16), i8 uext) -> i64 sext, f32 system_v {
            ss0 = explicit_slot 8
            ss1 = explicit_slot 24, align = 16, key = 7
            region0 = 5 "vm fields"
            gv0 = vmctx
            gv1 = load.i64 notrap aligned readonly region0 gv0+8
            gv2 = iadd_imm.i64 gv1, -32
            gv3 = symbol colocated tls %x+0x0001_0000
            gv4 = dyn_scale_target_const.i32x4
            sig0 = (i32) -> i32 tail
            sig1 = () fast
            fn0 = colocated patchable %g sig1
            fn1 = %CeilF32 sig0
            fn2 = u3:4 sig0
            const0 = 0x0102030405060708090a0b0c0d0e0f10
            stack_limit = gv1

        block0(v0: i64, v1: i32):
            v2 = iconst.i32 0x2710
            v3 = iconst.i8 -56
            v20 -> v3
            v21 -> v20
            v4 = f32const -0x1.800000p1
            v5 = f64const +NaN
            v6 = f16const 0.0
            v7 = f128const const0
            v8 = vconst.i8x16 const0
            v9 = shuffle v8, v8, 0x1f1e1d1c1b1a191817161514131211ff  ; v8 = const0, v8 = const0
            v10 = extractlane v9, 3
            v11 = insertlane v9, v10, 15
            v12 = load.i32 int_divz aligned can_move little region0 v0-16
            store notrap v12, v0+0x0001_0000
            istore8 big v12, v0
            v13 = atomic_rmw.i32 add v0, v12
            v14 = atomic_cas v0, v12, v13
            v15 = bitcast.f32 little v14
            v16 = stack_addr.i64 ss1+8
            v17 = symbol_value.i64 gv3
            v18, v19 = isplit v16
            nop 
            call fn0(), stack_map=[i32 @ ss0+0, i64 @ ss1+8]
            brif v1, block1(v0, v21), block2  ; v21 = -56

        block1(v30: i64, v31: i8) cold:
            v32 = icmp.i32 ult v1, v2  ; v2 = 0x2710
            v33 = fcmp.f32 uno v34, v34
            v34 = fadd.f32 v4, v4  ; v4 = -0x1.800000p1, v4 = -0x1.800000p1
            br_table v1, block2, [block1(v30, v31), block2]

        block2:
            v40 = func_addr.i64 fn2
            v41 = call_indirect sig0, v40(v1)
            trapz v41, user250
            v42 = uadd_overflow_trap v41, v41, int_ovf
            try_call fn2(v42), sig0, block3(ret0), [ tag7: block4(exn0, v41), context v42, default: block4(exn1, v41) ]

        block3(v50: i32):
            try_call_indirect.i64 v40(v50), sig0, block5, []

        block4(v60: i64, v61: i32):
            v62 = get_exception_handler_address.i64 block2, 1
            return_call_indirect sig1, v62()

        block5:
            trap bad_toint
        }

        """;

    [Fact]
    public void Canonical_text_is_printed_back_unchanged()
    {
        string text = Canonical.ReplaceLineEndings("\n");
        ParsedFile file = Parser.Parse(text);
        Assert.False(file.HasErrors, file.Diagnostics.ToString());
        Assert.Equal(text, Printer.Print(file.Functions[0].Function));
    }

    [Fact]
    public void Source_locations_and_debug_tags_move_the_code_to_the_right()
    {
        const string Text = """
            function %f(i32) fast {
                ss0 = explicit_slot 4
                sig0 = () fast
                fn0 = %g sig0

                                            block0(v0: i32):
                                                v9 -> v0
            <ss0, 5> @0010                      call fn0()
            @12345                              nop 
                                                return
            }

            """;
        Assert.Equal(Text.ReplaceLineEndings("\n"), Printer.Print(Parser.Parse(Text).Functions[0].Function));
    }

    [Fact]
    public void Gaps_in_the_numbering_print_as_placeholders()
    {
        Function function = Parser.Parse("function %f() { ss1 = explicit_slot 4\n gv1 = symbol u1:1\n fn1 = u1:2()\n const2 = 0x01 }").Functions[0].Function;
        Assert.Equal(
            "function %f() fast {\n    ss0 = explicit_slot 0\n    ss1 = explicit_slot 4\n    gv0 = symbol %\n    gv1 = symbol userextname0\n"
            + "    sig0 = () fast\n    fn1 = u1:2 sig0\n    const2 = 0x01\n}\n",
            Printer.Print(function));
    }

    [Fact]
    public void A_dynamic_type_prints_as_the_reference_prints_it()
    {
        Function function = Parser.Parse("function %f(i32) {\n gv0 = dyn_scale_target_const.i32x4\n dt0 = i32x4*gv0\nblock0(v0: i32):\n v1 = splat.dt0 v0\n return }").Functions[0].Function;
        Assert.Contains("v1 = splat.types::I32x4xN v0\n", Printer.Print(function));
    }

    [Fact]
    public void Errors_stand_below_the_lines_that_they_are_about()
    {
        Function function = Parser.Parse("function %f(i32) {\nblock0(v0: i32):\n nop\n return }").Functions[0].Function;
        Diagnostic[] errors =
        [
            new(default, "V001", "bad block", new(EntityKind.Block, 0)),
            new(default, "V002", "bad nop", new(EntityKind.Inst, 0)),
        ];
        Assert.Equal(
            "function %f(i32) fast {\nblock0(v0: i32):\n; error: block0: bad block\n    nop \n; error: inst0: bad nop\n    return\n}\n"
            + "\n; 2 verifier errors detected (see above). Compilation aborted.\n",
            Printer.Print(function, errors));
    }

    [Theory]
    [InlineData("conformance")]
    [InlineData("bench")]
    public void Every_reference_file_is_read_and_printed_text_is_a_fixed_point(string directory)
    {
        string? path = Repository.Shared(directory);
        Assert.SkipWhen(path is null, $"no ../shared/{directory} beside the repository");
        CheckAll(path);
    }

    [Fact]
    public void Every_filetest_is_read_and_printed_text_is_a_fixed_point() => CheckAll(Repository.PathOf("filetests"));

    private static void CheckAll(string directory)
    {
        string[] files = Directory.GetFiles(directory, "*.clif", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            RoundTrip.Check(File.ReadAllText(file), file);
        }
    }
}
