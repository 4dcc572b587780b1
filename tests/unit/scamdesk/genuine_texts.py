"""Genuine messages, all invented: receipts, operators' and banks' notices, and what families write."""

RECEIPTS = (
    (
        "MPESA",
        "KE",
        "RB47XK20LM Confirmed. Ksh1,250.00 sent to ANNE WAITHERA 0722000456 on 4/3/26 at 9:14 AM. New M-PESA balance is Ksh3,410.75. Transaction cost, Ksh13.00. Amount you can transact within the day is 498,750.00.",
    ),
    (
        "MPESA",
        "KE",
        "RC12ZZ9QWE Confirmed. You have received Ksh7,000.00 from PAUL OTIENO 0733111222 on 5/3/26 at 1:02 PM. New M-PESA balance is Ksh9,120.00.",
    ),
    (
        "MPESA",
        "KE",
        "RC55PL0ABC Confirmed. Ksh450.00 paid to MAMA NJERI GROCERIES. on 6/3/26 at 7:45 PM. New M-PESA balance is Ksh2,310.20. Transaction cost, Ksh0.00.",
    ),
    (
        "MPESA",
        "KE",
        "RD81QW7TYU Confirmed. on 7/3/26 at 10:20 AM Withdraw Ksh2,000.00 from 123456 - KIOSK AGENCIES. New M-PESA balance is Ksh640.00. Transaction cost, Ksh29.00.",
    ),
    (
        "MPESA",
        "KE",
        "RD90MN3OPQ confirmed. You bought Ksh50.00 of airtime on 8/3/26 at 6:01 AM. New M-PESA balance is Ksh590.00. Transaction cost, Ksh0.00.",
    ),
    (
        "MPESA",
        "KE",
        "RE02AB4CDE Confirmed. Fuliza M-PESA amount is Ksh300.00. Access Fee charged Ksh3.00. Total Fuliza M-PESA outstanding amount is Ksh303.00 due on 08/04/26.",
    ),
    (
        "MPESA",
        "KE",
        "RE33XY5ZAB Confirmed. Reversal of transaction RE02AB4CDE has been successfully reversed on 9/3/26 at 3:33 PM and Ksh1,000.00 is credited to your M-PESA account. New M-PESA account balance is Ksh1,590.00.",
    ),
    (
        "M-PESA",
        "TZ",
        "9CD41KLMNO Imethibitishwa. Umetuma TSh30,000.00 kwa 255765000222 - BARAKA SHAYO tarehe 4/3/26 saa 2:30 PM. Makato TSh600. Salio jipya ni TSh12,480.00.",
    ),
    (
        "M-PESA",
        "TZ",
        "9CE77PQRST Imethibitishwa. Umepokea TSh85,000.00 kutoka kwa 255754333444 - FATMA ALLY tarehe 5/3/26 saa 8:05 AM. Salio lako jipya la M-Pesa ni TSh97,480.00.",
    ),
    (
        "TIGOPESA",
        "TZ",
        "Umepokea TSh 40,000 kutoka kwa JUMA HAMISI. Salio jipya ni TSh 52,310. Kumbukumbu namba 11223344556. 06/03/26 11:20.",
    ),
    (
        "AirtelMoney",
        "TZ",
        "Umelipa TSh 15,500 kwa DSTV. Kumbukumbu no. 99887766. Salio lako TSh 4,200. TID: PP260306.1122.C33445. Ahsante.",
    ),
    (
        "HaloPesa",
        "TZ",
        "Umetoa TSh 50,000 kwa wakala 778899 NEEMA SHOP. Ada TSh 1,800. Salio lako ni TSh 22,700. Muamala namba 6677889900.",
    ),
    (
        "",
        "TZ",
        "Umenunua umeme wa TSh 20,000. Token: 1122 3344 5566 7788 9900. Units 56.1. Salio jipya TSh 2,700. Muamala 4455667788.",
    ),
    (
        "",
        "TZ",
        "Imethibitishwa. Umeweka TSh120,000 kwa wakala 332211 - MKAPA STORE tarehe 10/3/26 saa 4:40 PM. Salio jipya la M-Pesa ni TSh122,700.",
    ),
    (
        "MTNMobMoney",
        "UG",
        "You have received UGX 60,000 from GRACE AKELLO (256772000333) on 2026-03-04 10:11:12. Reason: fees. New balance: UGX 71,250. Transaction ID: 19876543210. Fee: UGX 0.",
    ),
    (
        "MTNMobMoney",
        "UG",
        "You have sent UGX 25,000 to OKOT PETER (256782000444) on 2026-03-05 12:00:01. Fee UGX 500. Tax UGX 125. New balance: UGX 45,625. Transaction ID: 19877665544.",
    ),
    (
        "AirtelMoney",
        "UG",
        "SENT.TID 77665544332. UGX 10,000 to NAKATO JANE 0752000555. Fee UGX 250. Bal UGX 5,310. Date 05-March-2026 14:22.",
    ),
    (
        "AirtelMoney",
        "UG",
        "WITHDRAWN. TID 77665599001. UGX 80,000 with Agent ID: 443322. Fee UGX 1,500. Tax UGX 400. Bal UGX 12,050. 06-March-2026 09:15.",
    ),
    (
        "",
        "UG",
        "PAID.TID 88112233445. UGX 35,000 to NATIONAL WATER Charge UGX 800. Bal UGX 9,900. Date 07-March-2026 16:40.",
    ),
    (
        "",
        "UG",
        "Ofunye UGX 20,000 okuva ku NAMUTEBI SARAH. Balance yo eri UGX 31,400. TID 66554433221. 08-March-2026.",
    ),
    (
        "OrangeMoney",
        "CI",
        "Vous avez reçu 25 000 FCFA de KOUASSI AYA. Votre nouveau solde est de 31 450 FCFA. ID de transaction: PP260304.1010.A12345.",
    ),
    (
        "OrangeMoney",
        "SN",
        "Transfert de 10 000 FCFA vers 771234567 reussi. Frais: 100 FCFA. Nouveau solde: 4 320 FCFA. Ref: CI260305.0910.B44556. Merci.",
    ),
    (
        "MobileMoney",
        "CM",
        "Vous avez retire 50 000 FCFA chez l'agent BOUTIQUE CENTRALE. Frais 750 FCFA. Nouveau solde: 12 300 FCFA. ID transaction 5566778899. 06/03/2026 15:12.",
    ),
    (
        "",
        "CI",
        "Paiement de 5 500 FCFA a CIE effectue le 07/03/2026 a 09:41. Frais 0 FCFA. Solde: 7 800 FCFA. Reference 998877665544.",
    ),
    (
        "MoMo",
        "GH",
        "Payment received for GHS 120.00 from KOFI MENSAH Current Balance: GHS 340.55. Available Balance: GHS 340.55. Reference: shoes. Transaction ID: 55443322110. TRANSACTION FEE: 0.00",
    ),
    (
        "MoMo",
        "RW",
        "You have transferred 15,000 RWF to UWASE Alice (250788000666) at 2026-03-08 11:05:09. Fee: 100 RWF. New balance: 42,900 RWF. Transaction Id: 13131313131.",
    ),
    (
        "Wave",
        "SN",
        "Vous avez envoyé 3 000 FCFA à NDIAYE Fatou. Frais: 30 FCFA. Nouveau solde: 17 200 FCFA. ID: T_ABC123XYZ.",
    ),
)
NOTICES = (
    (
        "Safaricom",
        "KE",
        "Dear customer, your 1GB data bundle expires on 12/03/2026 at 23:59. Dial *544# to renew. Dial *456*20# to stop these messages.",
    ),
    (
        "Safaricom",
        "KE",
        "You have used 80% of your data bundle. Your remaining balance is 204.8MB.",
    ),
    (
        "MPESA",
        "KE",
        "Remember: your M-PESA PIN is your secret. We will never call you to ask for it. Report fraud by SMS to 333, free of charge.",
    ),
    (
        "Equity",
        "KE",
        "Your account ending 4432 was credited with KES 18,500.00 on 04-Mar-2026. Available balance KES 22,130.40.",
    ),
    (
        "KCB",
        "KE",
        "582910 is your KCB verification code. It expires in 5 minutes. Do not share it with anyone.",
    ),
    (
        "NHIF",
        "KE",
        "Your contribution for February has been received. Your cover is active until 31 March 2026.",
    ),
    (
        "KPLC",
        "KE",
        "Planned outage on Tuesday 10 March from 9 am to 5 pm in your area for maintenance. We apologise.",
    ),
    (
        "",
        "KE",
        "Your appointment at the clinic is on Thursday at 8.30 am. Please come with your card.",
    ),
    (
        "",
        "KE",
        "Parents meeting on Saturday at 10 am in the school hall. Kindly keep time. Principal.",
    ),
    (
        "MTN",
        "UG",
        "Y'ello. Your MoMo loan of UGX 50,000 is due on 10/03/2026. Please keep UGX 54,500 on your MoMo account. Dial *165*5# to pay early.",
    ),
    (
        "MTN",
        "UG",
        "Never share your Mobile Money PIN with anyone, even someone who claims to work at MTN. Our staff will never ask for it.",
    ),
    (
        "URA",
        "UG",
        "Your return for the period January 2026 has been received. Thank you for paying your taxes.",
    ),
    (
        "Airtel",
        "UG",
        "Dear customer, you have been awarded 50MB for topping up UGX 1,000 today. It is valid until midnight.",
    ),
    (
        "Vodacom",
        "TZ",
        "Ndugu mteja, kifurushi chako cha dakika 100 kimeisha. Piga *149*01# kununua kingine.",
    ),
    (
        "Vodacom",
        "TZ",
        "Kumbuka kutunza namba yako ya siri ya M-Pesa. Usimpe mtu yeyote, hata anayejiita mfanyakazi wetu.",
    ),
    (
        "CRDB",
        "TZ",
        "Ndugu mteja, TZS 200,000 imeingia kwenye akaunti yako inayoishia na 3321 tarehe 05-03-2026.",
    ),
    (
        "NMB",
        "TZ",
        "773120 ni namba yako ya uthibitisho. Usimpe mtu mwingine. Itaisha baada ya dakika 3.",
    ),
    ("", "TZ", "Ndugu mzazi, matokeo ya mtihani yatatolewa Ijumaa. Fika shuleni saa nne asubuhi."),
    (
        "",
        "TZ",
        "Chanjo ya mtoto wako ni Jumanne tarehe 10 Machi katika kituo cha afya. Njoo na kadi ya kliniki.",
    ),
    (
        "TANESCO",
        "TZ",
        "Samahani kwa kukosekana kwa umeme eneo lako leo. Mafundi wetu wanaendelea na kazi.",
    ),
    (
        "Orange",
        "CI",
        "Votre forfait internet expire le 12/03/2026. Composez #144# pour le renouveler.",
    ),
    (
        "Orange",
        "SN",
        "Ne communiquez jamais votre code secret, meme a un agent Orange. Nous ne le demandons jamais.",
    ),
    ("MTN", "CM", "Votre code de verification est 449120. Ne le partagez avec personne."),
    (
        "",
        "CI",
        "Rappel: consultation prénatale jeudi à 9h au centre de santé. Apportez votre carnet.",
    ),
    ("", "UG", "Olukiiko lw'abazadde lujja kubaawo ku Lwomukaaga ku ssaawa nnya. Mujje mu budde."),
    ("", "UG", "Jjukira okuleeta omwana okugemebwa ku Lwokubiri ku ddwaliro."),
)
FAMILY = (
    ("", "KE", "Hi dad, exams finished today and I think they went well. See you on Friday."),
    ("", "KE", "I have sent you 2000 for shopping, please confirm when you get it."),
    ("", "KE", "Are we still meeting at the stage at four? Bring the umbrella."),
    ("", "KE", "Happy birthday my sister, may this year bring you joy."),
    ("", "UG", "Mummy I reached well, the bus was slow. Greet everyone."),
    ("", "UG", "Please remind me to pay the plumber tomorrow, he did a good job."),
    ("", "UG", "Nnyabo osiibye otya? Nja kujja enkya okulaba abaana."),
    ("", "UG", "Weebale nnyo ssebo, ssente zituuse."),
    ("", "TZ", "Habari za jioni shangazi, mtoto anaendelea vizuri na homa imeshuka."),
    ("", "TZ", "Nimepata ile pesa uliyotuma, asante sana mjomba."),
    ("", "TZ", "Tutakutana kesho saa tatu sokoni, usichelewe."),
    ("", "TZ", "Chakula kipo jikoni, pasha moto ukirudi."),
    ("", "CI", "Bonjour maman, je suis bien arrivé. Le voyage était long mais ça va."),
    ("", "SN", "N'oublie pas d'acheter du riz et de l'huile en rentrant ce soir."),
    ("", "CM", "Merci pour l'argent, j'ai payé la pension de l'enfant ce matin."),
)
ALL = RECEIPTS + NOTICES + FAMILY
