"""The process that every new workspace starts with: seven stages, from the first sign of interest to the follow-up."""

from dataclasses import dataclass
from typing import Final

from services.pipeline.processes.models import Archetype, BuyerStage, ForecastCategory, RecordType, StageKind
from services.pipeline.processes.rules import StagePlan, VersionPlan, every_way


@dataclass(frozen=True, slots=True)
class Template:
    """This will be a process that a workspace can start with."""

    key: str
    record_type: RecordType
    name_fa: str
    name_en: str
    plan: VersionPlan


STAGES: Final = (
    StagePlan(
        key="lead_generation",
        name_fa="جذب سرنخ",
        name_en="Lead generation",
        kind=StageKind.OPEN,
        probability=5,
        forecast_category=ForecastCategory.PIPELINE,
        archetype=Archetype.LEAD_GENERATION,
        buyer_stage=BuyerStage.NEED_RECOGNITION,
        guidance_fa="مشخص کنید این فرصت از کجا آمده و چه کسی پیگیر آن است.",
        guidance_en="Say where this opportunity came from and who looks after it.",
    ),
    StagePlan(
        key="qualification",
        name_fa="ارزیابی",
        name_en="Qualification",
        kind=StageKind.OPEN,
        probability=10,
        forecast_category=ForecastCategory.PIPELINE,
        archetype=Archetype.QUALIFICATION,
        buyer_stage=BuyerStage.NEED_RECOGNITION,
        guidance_fa="نیاز، بودجه، زمان و تصمیم‌گیرنده را روشن کنید.",
        guidance_en="Find out the need, the budget, the time frame and who decides.",
    ),
    StagePlan(
        key="contact",
        name_fa="برقراری ارتباط",
        name_en="Contact",
        kind=StageKind.OPEN,
        probability=20,
        forecast_category=ForecastCategory.PIPELINE,
        archetype=Archetype.CONTACT,
        buyer_stage=BuyerStage.EVALUATION,
        guidance_fa="با تصمیم‌گیرنده گفت‌وگو کنید و قرار ارائه بگذارید.",
        guidance_en="Talk with the decision maker and arrange a presentation.",
    ),
    StagePlan(
        key="presentation",
        name_fa="ارائه",
        name_en="Presentation",
        kind=StageKind.OPEN,
        probability=40,
        forecast_category=ForecastCategory.BEST_CASE,
        archetype=Archetype.PRESENTATION,
        buyer_stage=BuyerStage.EVALUATION,
        guidance_fa="راه‌حل را بر پایهٔ نیازهایی که شناخته‌اید ارائه کنید.",
        guidance_en="Present the solution in terms of the needs you found.",
    ),
    StagePlan(
        key="objection_handling",
        name_fa="رفع اعتراض",
        name_en="Objection handling",
        kind=StageKind.OPEN,
        probability=60,
        forecast_category=ForecastCategory.BEST_CASE,
        archetype=Archetype.OBJECTION_HANDLING,
        buyer_stage=BuyerStage.CHOICE,
        guidance_fa="اعتراض‌ها را بشنوید، ثبت کنید و پاسخ دهید.",
        guidance_en="Hear the objections, write them down and answer them.",
    ),
    StagePlan(
        key="closing",
        name_fa="بستن فروش",
        name_en="Closing",
        kind=StageKind.OPEN,
        probability=80,
        forecast_category=ForecastCategory.COMMIT,
        archetype=Archetype.CLOSING,
        buyer_stage=BuyerStage.NEGOTIATION_AND_PURCHASE,
        guidance_fa="دربارهٔ قیمت و شرایط به توافق برسید و قرارداد را ببندید.",
        guidance_en="Agree on price and terms, and sign.",
    ),
    StagePlan(
        key="follow_up",
        name_fa="پیگیری پس از فروش",
        name_en="Follow-up",
        kind=StageKind.WON,
        probability=100,
        forecast_category=ForecastCategory.CLOSED,
        archetype=Archetype.FOLLOW_UP,
        buyer_stage=BuyerStage.AFTER_PURCHASE,
        guidance_fa="پس از خرید با مشتری تماس بگیرید و از رضایت او مطمئن شوید.",
        guidance_en="Get in touch after the purchase and make sure the customer is content.",
    ),
    StagePlan(
        key="lost",
        name_fa="از دست رفته",
        name_en="Lost",
        kind=StageKind.LOST,
        probability=0,
        forecast_category=ForecastCategory.OMITTED,
        guidance_fa="دلیل از دست رفتن را ثبت کنید تا بتوان از آن آموخت.",
        guidance_en="Record why it was lost, so that one can learn from it.",
    ),
)

SEVEN_STAGES: Final = Template(
    key="sales",
    record_type=RecordType.OPPORTUNITY,
    name_fa="فرایند فروش",
    name_en="Sales process",
    plan=VersionPlan(stages=STAGES, transitions=every_way(STAGES)),
)
