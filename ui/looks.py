"""The window's colours and letters: readable (WCAG AA) on light and on dark, and no font from elsewhere."""

import gradio as gr

FONTS = ["system-ui", "sans-serif"]


def theme() -> gr.themes.Base:
    """Gradio's soft theme with darker words on light ground, plain titles, and frames that can be seen."""
    plain: dict[str, str] = {
        f"block_{part}_{what}{mode}": value
        for part, ground in (("title", "transparent"), ("label", "*background_fill_primary"))
        for mode, colour in (("", "*neutral_700"), ("_dark", "*neutral_200"))
        for what, value in (("text_color", colour), ("background_fill", ground))
    }
    return gr.themes.Soft(font=FONTS, font_mono=["ui-monospace", "monospace"]).set(
        **plain,
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        block_title_padding="0",
        block_title_text_weight="500",
        block_label_text_weight="500",
        block_label_text_size="*text_sm",
        block_border_width="1px",
        block_border_color="*neutral_200",
        block_shadow="none",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_600",
        input_border_width="1px",
        input_shadow="none",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_600",
        button_border_width="1px",
        button_primary_shadow="none",
        button_secondary_shadow="none",
        button_primary_border_color="*primary_600",
        button_primary_border_color_dark="*primary_600",
        checkbox_label_background_fill_selected="*primary_600",
        checkbox_border_color="*neutral_400",
        checkbox_label_shadow="none",
        color_accent="*primary_600",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )
